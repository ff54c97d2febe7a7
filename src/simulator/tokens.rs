//! What clients show, and what they are given to show.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rand::Rng;
use serde_json::json;

use super::addresses::random_text;

/// What follows `scheme` in the `Authorization` header.
pub(super) fn scheme<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    let (found, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

/// A pair as it is written plainly, `name:secret`.
pub(super) fn plain_pair(text: &str) -> Option<(String, String)> {
    text.split_once(':').map(|(name, secret)| (name.to_owned(), secret.to_owned()))
}

/// A pair as HTTP's Basic authentication writes it, in base64.
pub(super) fn encoded_pair(text: &str) -> Option<(String, String)> {
    plain_pair(&String::from_utf8(STANDARD.decode(text).ok()?).ok()?)
}

/// The last second of a token's life lies `life` seconds ahead, as a JSON Web Token writes it: in whole seconds.
pub(super) fn expiry(now: Timestamp, life: i64) -> Timestamp {
    Timestamp::from_second(now.as_second().saturating_add(life)).unwrap_or(Timestamp::MAX)
}

/// Text in the shape of a JSON Web Token; its signature is random.
pub(super) fn json_web_token(subject: &str, now: Timestamp, life: i64, random: &mut impl Rng) -> String {
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let claims = json!({"sub": subject, "iat": now.as_second(), "exp": expiry(now, life).as_second()});
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", encode(header), encode(claims), random_text(random, 43))
}
