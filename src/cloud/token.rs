//! Access tokens: exchanged once for everyone, renewed before they expire, never hammered for.
//!
//! One task per credential keeps the token and is spoken to by messages, so that however many callers need one,
//! one exchange is under way at most.

mod keeper;
mod lifetime;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::HeaderValue;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, oneshot};

use self::keeper::Keeper;
use super::error::CloudError;
use super::observer::Observer;
use crate::clock::Clock;

/// The shortest time between two renewals that were forced by rejections.
pub const REJECTION_PAUSE: Duration = Duration::from_secs(60);
/// How many messages may lie before the task, which never waits for anything else.
const MAILBOX: usize = 256;
/// No access token in use anywhere is longer, in bytes; a web page is.
const LONGEST_TOKEN: usize = 16 * 1024;

/// Trades a credential for an access token. It keeps a deadline of its own and repeats nothing.
pub trait Exchange: Send + Sync + 'static {
    /// Makes one exchange.
    fn exchange(&self) -> BoxFuture<'_, Result<Grant, CloudError>>;
}

/// What an exchange brought.
#[derive(Debug)]
pub struct Grant {
    pub token: SecretString,
    /// The server's time of day when it answered.
    pub date: Option<Timestamp>,
}

/// A token that is not known to be invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessToken {
    // Marked as sensitive, so that not even its Debug form shows it.
    header: HeaderValue,
    generation: u64,
}

impl AccessToken {
    const SCHEME: &str = "Bearer ";

    fn new(token: &SecretString, generation: u64) -> Result<Self, CloudError> {
        let token = token.expose_secret().trim();
        let fits = !token.is_empty() && token.len() <= LONGEST_TOKEN && token.bytes().all(is_token_byte);
        let header = if fits { HeaderValue::try_from(format!("{}{token}", Self::SCHEME)).ok() } else { None };
        let message = "the token exchange was answered with something that is no token";
        let mut header = header.ok_or_else(|| CloudError::Protocol { message: message.to_owned() })?;
        header.set_sensitive(true);
        Ok(Self { header, generation })
    }

    /// The value of an `Authorization` header.
    pub(crate) fn authorization(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The bare token, to keep it out of messages.
    pub(crate) fn expose(&self) -> &str {
        self.header.to_str().ok().and_then(|value| value.strip_prefix(Self::SCHEME)).unwrap_or_default()
    }
}

/// Where a credential's tokens come from. Clones share it.
#[derive(Clone, Debug)]
pub struct TokenSource {
    messages: mpsc::Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Get(Reply),
    Rejected { generation: u64 },
}

type Reply = oneshot::Sender<Result<AccessToken, CloudError>>;

impl TokenSource {
    /// Starts the task; the first exchange is made for the first caller. The task ends with the last clone.
    #[must_use]
    pub fn spawn(exchange: impl Exchange, clock: Clock) -> Self {
        Self::observed(exchange, clock, Arc::new(()))
    }

    /// The same, telling `observer` of every exchange and of every token.
    #[must_use]
    pub fn observed(exchange: impl Exchange, clock: Clock, observer: Arc<dyn Observer>) -> Self {
        let (messages, mailbox) = mpsc::channel(MAILBOX);
        tokio::spawn(Keeper::new(exchange, clock, observer).run(mailbox));
        Self { messages }
    }

    /// The token in use; waits where the first one, or one for an expired one, is still being fetched.
    ///
    /// # Errors
    /// Those of the exchange. After a failed one, the same error is given until another attempt is due.
    pub async fn token(&self) -> Result<AccessToken, CloudError> {
        let (reply, answer) = oneshot::channel();
        self.messages.send(Message::Get(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Tells that the cloud did not accept this token. Where it is still the one in use, the next [`Self::token`]
    /// brings another; but not more than once a minute, so that a cloud which accepts none of its own tokens is
    /// not asked for one after the other.
    pub async fn rejected(&self, token: &AccessToken) {
        // Where the task is gone, the next call says so.
        drop(self.messages.send(Message::Rejected { generation: token.generation }).await);
    }
}

/// What RFC 6750 lets a bearer token consist of. A web page has more to it.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn stopped() -> CloudError {
    CloudError::Unavailable { message: "the operator is stopping".to_owned() }
}
