//! What went wrong with a cloud, by what the caller should do about it.

mod classify;
mod sentence;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(crate) use self::classify::{Effect, of_answer, of_parse, of_send};
pub(crate) use self::sentence::sentence;

/// Why a call brought no result.
///
/// Messages are cut, free of control characters, and never hold a token. They are the same for the same trouble:
/// a moment or a count in them would make a status that shows them change for ever.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// 401, or a refused exchange: try the next credential. The call had no effect.
    #[error("The cloud does not accept these credentials: {message}")]
    Unauthenticated { message: String },
    /// 403: this credential may not do that. The call had no effect.
    #[error("The cloud does not permit this with these credentials: {message}")]
    Forbidden { message: String },
    /// 404, said by the cloud itself.
    #[error("The cloud does not know what was asked for: {message}")]
    NotFound { message: String },
    /// 409: usually an id that is in use.
    #[error("The cloud reports a conflict: {message}")]
    Conflict { message: String },
    /// 400 or 422: the same request will be refused again.
    #[error("The cloud refused the request: {message}")]
    Invalid { message: String },
    /// 423: something else is under way; try again when it is over.
    #[error("The cloud is busy with it: {message}")]
    Busy { message: String },
    /// Not before this much time has passed. The call had no effect.
    #[error("The cloud's API has been asked too often, and may be asked again later")]
    RateLimited { retry_after: Duration },
    /// Try again later. Nothing was changed: the call was a read, or was never sent.
    #[error("The cloud's API is unavailable: {message}")]
    Unavailable { message: String },
    /// A write that may have had its effect: look before doing anything else.
    #[error("It is unknown whether the request took effect: {message}")]
    UnknownOutcome { message: String },
    /// A read was answered with something that is not this API's.
    #[error("The cloud answered with something unexpected: {message}")]
    Protocol { message: String },
}

impl CloudError {
    /// Whether the cloud itself, in its own words, refused the call, so that it surely had no effect.
    #[must_use]
    pub fn is_definite_refusal(&self) -> bool {
        matches!(
            self,
            Self::Unauthenticated { .. }
                | Self::Forbidden { .. }
                | Self::NotFound { .. }
                | Self::Conflict { .. }
                | Self::Invalid { .. }
        )
    }

    /// Whether the call surely had no effect, for a reason that passes or is not about the call itself.
    #[must_use]
    pub fn can_be_asked_again(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Unauthenticated { .. } | Self::Busy { .. }
        )
    }

    /// What the cloud said, or what is known of the failure.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Unauthenticated { message }
            | Self::Forbidden { message }
            | Self::NotFound { message }
            | Self::Conflict { message }
            | Self::Invalid { message }
            | Self::Busy { message }
            | Self::Unavailable { message }
            | Self::UnknownOutcome { message }
            | Self::Protocol { message } => message,
            Self::RateLimited { .. } => "it has been asked too often",
        }
    }

    /// The variant as one lower-case word, for counting.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not_found",
            Self::Conflict { .. } => "conflict",
            Self::Invalid { .. } => "invalid",
            Self::Busy { .. } => "busy",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::UnknownOutcome { .. } => "unknown_outcome",
            Self::Protocol { .. } => "protocol",
        }
    }
}
