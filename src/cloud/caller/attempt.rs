//! One attempt at a call.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::{Answer, Call, Client};
use crate::cloud::error::{CloudError, Effect, of_answer, of_parse, of_send};
use crate::cloud::headers::{date, stated_retry_after};
use crate::cloud::token::AccessToken;
use crate::cloud::transport::{Limits, SendError};
use crate::cloud::typedb::request::{own_message, parse, request};

/// A call that brought no result.
pub(super) struct Failure {
    pub(super) error: CloudError,
    /// It was the token: the answer was a 401.
    pub(super) token_rejected: bool,
    /// It surely changed nothing, and can be made again.
    pub(super) harmless: bool,
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        Self { error, token_rejected: false, harmless: false }
    }
}

impl Client {
    /// Sends a call with `token`, a second time where no connection came about, and reads the answer.
    pub(super) async fn attempt<T: DeserializeOwned>(
        &self,
        call: &Call,
        token: &AccessToken,
    ) -> Result<Answer<T>, Failure> {
        let mut sent = self.send(call, token).await?;
        if matches!(sent, Err(SendError::NotConnected(_))) {
            self.observe(call, "unavailable");
            sent = self.send(call, token).await?;
        }
        let outcome = match sent {
            Ok(answer) => self.read(call, token, &answer),
            Err(error) => Err(of_send(&error, call.effect, &[token.expose()]).into()),
        };
        self.observe(call, outcome.as_ref().map_or_else(|failure| failure.error.kind(), |_| "ok"));
        outcome
    }

    async fn send(&self, call: &Call, token: &AccessToken) -> Result<Result<Response<Bytes>, SendError>, CloudError> {
        let request = request(call.method.clone(), &call.url, Some(token.authorization()), call.body.clone())?;
        let deadline = call.until.saturating_duration_since(Instant::now());
        if deadline.is_zero() {
            return Err(CloudError::Unavailable { message: "there was no time left to send the request".to_owned() });
        }
        Ok(self.transport.send(request, Limits { deadline, max_body: call.max_body }).await)
    }

    fn read<T: DeserializeOwned>(
        &self,
        call: &Call,
        token: &AccessToken,
        answer: &Response<Bytes>,
    ) -> Result<Answer<T>, Failure> {
        let (status, headers) = (answer.status(), answer.headers());
        if status.is_success() {
            let value = parse(answer.body()).map_err(|error| of_parse(&error, headers, call.effect))?;
            return Ok(Answer { value, date: date(headers) });
        }
        let own = own_message(answer.body());
        let error = of_answer(status, headers, own.as_deref(), call.effect, &[token.expose()]);
        self.heed(&error, answer);
        let token_rejected = status == StatusCode::UNAUTHORIZED;
        let harmless = call.effect == Effect::Read || error.is_definite_refusal();
        Err(Failure { error, token_rejected, harmless })
    }

    /// Closes the location's budget for everyone where the answer asks for it.
    fn heed(&self, error: &CloudError, answer: &Response<Bytes>) {
        let unavailable = answer.status() == StatusCode::SERVICE_UNAVAILABLE;
        let closing = match error {
            CloudError::RateLimited { retry_after } => Some(*retry_after),
            _ if unavailable => stated_retry_after(answer.headers()),
            _ => None,
        };
        if let Some(closing) = closing {
            self.budget.close_for(closing);
        }
    }

    fn observe(&self, call: &Call, outcome: &'static str) {
        self.observer.request(&self.location, call.operation, outcome);
    }
}
