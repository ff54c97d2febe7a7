//! One attempt at a call.

use bytes::Bytes;
use http::{Response, StatusCode};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{Caller, Refusal};
use crate::cloud::authorization::Proof;
use crate::cloud::call::{Answer, Call};
use crate::cloud::error::{CloudError, Effect, of_answer, of_parse, of_send};
use crate::cloud::headers::{date, stated_retry_after};
use crate::cloud::request::request;
use crate::cloud::transport::{Limits, SendError};

/// A call that brought no result.
pub(super) struct Failure {
    pub(super) error: CloudError,
    /// It was the token or the key: the answer was a 401.
    pub(super) proof_rejected: bool,
    /// It surely changed nothing, and can be made again.
    pub(super) harmless: bool,
}

impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        Self { error, proof_rejected: false, harmless: false }
    }
}

impl Caller {
    /// Sends a call, a second time where no connection came about, and reads the answer.
    pub(super) async fn attempt<T>(&self, call: &Call<T>, until: Instant, proof: &Proof) -> Result<Answer<T>, Failure> {
        let mut sent = self.send(call, until, proof).await?;
        if matches!(sent, Err(SendError::NotConnected(_))) {
            self.observe(call, "unavailable");
            sent = self.send(call, until, proof).await?;
        }
        let secrets = secrets(call, proof);
        let outcome = match sent {
            Ok(answer) => self.read(call, &answer, &secrets),
            Err(error) => Err(of_send(&error, call.effect, &secrets).into()),
        };
        self.observe(call, outcome.as_ref().map_or_else(|failure| failure.error.kind(), |_| "ok"));
        outcome
    }

    async fn send<T>(
        &self,
        call: &Call<T>,
        until: Instant,
        proof: &Proof,
    ) -> Result<Result<Response<Bytes>, SendError>, CloudError> {
        let request = request(call.method.clone(), &call.url, Some(proof.header()), call.body.clone())?;
        let deadline = until.saturating_duration_since(Instant::now());
        if deadline.is_zero() {
            return Err(CloudError::Unavailable { message: "there was no time left to send the request".to_owned() });
        }
        Ok(self.transport.send(request, Limits { deadline, max_body: call.max_body }).await)
    }

    fn read<T>(&self, call: &Call<T>, answer: &Response<Bytes>, secrets: &[&str]) -> Result<Answer<T>, Failure> {
        let headers = answer.headers();
        if let Some(outcome) = (call.reader)(answer) {
            let value = outcome.map_err(|error| of_parse(&error, headers, call.effect))?;
            return Ok(Answer { value, date: date(headers) });
        }
        let Refusal { status, words } = (self.dialect)(&call.method, answer);
        let error = of_answer(status, headers, words.as_deref(), call.effect, secrets);
        self.heed(&error, answer);
        let proof_rejected = status == StatusCode::UNAUTHORIZED;
        let harmless = call.effect == Effect::Read || error.is_definite_refusal();
        Err(Failure { error, proof_rejected, harmless })
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

    fn observe<T>(&self, call: &Call<T>, outcome: &'static str) {
        self.observer.request(call.operation, outcome);
    }
}

/// What must be kept out of messages, for a server may say again what it was sent.
fn secrets<'a, T>(call: &'a Call<T>, proof: &'a Proof) -> Vec<&'a str> {
    let mut secrets = proof.secrets();
    secrets.extend(call.confidential.iter().map(ExposeSecret::expose_secret));
    secrets
}
