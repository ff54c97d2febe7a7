//! How TypeDB Cloud trades an API token's id and secret for an access token.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode};
use secrecy::ExposeSecret;

use super::refusal::own_message;
use crate::api::identity::Endpoint;
use crate::cloud::credential::Credential;
use crate::cloud::error::{CloudError, Effect, of_answer, of_send};
use crate::cloud::headers::date;
use crate::cloud::request::request;
use crate::cloud::token::{Exchange, Grant};
use crate::cloud::transport::{BODY, Limits, Transport};

/// How long one exchange may take.
pub const EXCHANGE_DEADLINE: Duration = Duration::from_secs(15);

/// `POST /api/v1/auth` with one credential.
#[derive(Clone, Debug)]
pub struct KeyExchange {
    transport: Arc<dyn Transport>,
    url: String,
    credential: Credential,
}

impl KeyExchange {
    /// Sends nothing yet.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, endpoint: &Endpoint, credential: Credential) -> Self {
        Self { transport, url: format!("{endpoint}/api/v1/auth"), credential }
    }

    async fn post(&self) -> Result<Grant, CloudError> {
        let request = request(Method::POST, &self.url, Some(self.authorization()?), None)?;
        let secrets = [self.credential.secret().expose_secret(), self.credential.id()];
        let limits = Limits { deadline: EXCHANGE_DEADLINE, max_body: BODY };
        let answer =
            self.transport.send(request, limits).await.map_err(|error| of_send(&error, Effect::Read, &secrets))?;
        if !answer.status().is_success() {
            let own = own_message(answer.body());
            let error = of_answer(answer.status(), answer.headers(), own.as_deref(), Effect::Read, &secrets);
            return Err(refused(answer.status(), error));
        }
        let text = std::str::from_utf8(answer.body()).unwrap_or_default();
        Ok(Grant { token: text.trim().into(), date: date(answer.headers()) })
    }

    /// The pair as it is: other than RFC 7617 has it, this API does not want it in base64.
    fn authorization(&self) -> Result<HeaderValue, CloudError> {
        let pair = format!("Basic {}:{}", self.credential.id(), self.credential.secret().expose_secret());
        let mut value = HeaderValue::try_from(pair).map_err(|_| CloudError::Unauthenticated {
            message: "the client id or the client secret holds characters that cannot be sent".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Exchange for KeyExchange {
    fn exchange(&self) -> BoxFuture<'_, Result<Grant, CloudError>> {
        self.post().boxed()
    }
}

/// There is nothing in this request that could be invalid but the pair: the API says 400 where others say 401.
/// Other refusals must not be taken for one of the call that needs the token, a 404 least of all.
fn refused(status: StatusCode, error: CloudError) -> CloudError {
    match error {
        CloudError::Invalid { message } if status == StatusCode::BAD_REQUEST => CloudError::Unauthenticated { message },
        CloudError::Invalid { message }
        | CloudError::NotFound { message }
        | CloudError::Conflict { message }
        | CloudError::Busy { message } => CloudError::Protocol { message },
        other => other,
    }
}
