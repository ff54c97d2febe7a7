//! For how long a token can be used.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;

/// How long a token lives that does not say.
pub(super) const DEFAULT: Duration = Duration::from_secs(60 * 60);
/// A shorter life than this is taken for a mistake: it would have us fetch tokens all the time.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Moments in seconds since 1970, which may have fractions.
#[derive(Debug, Deserialize)]
struct Claims {
    exp: Option<f64>,
    iat: Option<f64>,
}

/// How long `token` lives from the moment its request was sent, where it is a JWT that says so.
///
/// Its `exp` is a time of day on the server's clock. So it is compared with the server's own `date`, else with the
/// token's own `iat`, and with our clock only where there is neither: a machine whose clock is off must neither
/// take every token for expired nor keep expired ones.
pub(super) fn of_token(token: &str, date: Option<Timestamp>, now: Timestamp) -> Duration {
    let Some(Claims { exp: Some(exp), iat }) = claims(token) else { return DEFAULT };
    let date = date.map(seconds);
    [date, iat, Some(seconds(now))]
        .into_iter()
        .flatten()
        .filter_map(|start| Duration::try_from_secs_f64(exp - start).ok())
        .find(|life| *life >= SHORTEST)
        .map_or(DEFAULT, |life| life.min(LONGEST))
}

/// The payload of a JWT. Its signature is the cloud's own business.
fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn seconds(moment: Timestamp) -> f64 {
    Duration::try_from(moment.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default().as_secs_f64()
}
