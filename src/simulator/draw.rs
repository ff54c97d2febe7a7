//! Drawing answers to what a vendor's documentation leaves open.

use axum::http::StatusCode;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::settings::Status;

/// One of the choices.
pub(super) fn one<'a, T>(random: &mut impl Rng, choices: &'a [T]) -> &'a T {
    choices.choose(random).unwrap_or(&choices[0])
}

/// One of these status codes.
pub(super) fn status(random: &mut impl Rng, choices: &[u16]) -> Status {
    optional_status(random, &choices.iter().copied().map(Some).collect::<Vec<_>>())
        .unwrap_or(Status(StatusCode::BAD_REQUEST))
}

/// One of these status codes, or none.
pub(super) fn optional_status(random: &mut impl Rng, choices: &[Option<u16>]) -> Option<Status> {
    one(random, choices).and_then(|code| Status::try_from(code).ok())
}
