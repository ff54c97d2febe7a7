//! The headers that calls look at.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// The longest that an answer can keep us away: a mistaken header must not stop a location for a day.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(10 * 60);
/// How long to stay away after a 429 that does not say.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The server's own time of day.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    moment(headers, DATE)
}

/// How long to stay away: a number of seconds, or a date as seen from the answer's own Date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Duration {
    stated_retry_after(headers).unwrap_or(DEFAULT_RETRY_AFTER)
}

/// The same, where the answer says it.
pub(crate) fn stated_retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(moment(headers, RETRY_AFTER)?, date(headers).unwrap_or_else(Timestamp::now)),
    };
    // Zero seconds, or a date that has passed, would be an invitation to hammer.
    Some(wait.clamp(Duration::from_secs(1), LONGEST_RETRY_AFTER))
}

fn until(moment: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(moment.duration_since(now)).unwrap_or_default()
}

/// HTTP's dates are a subset of RFC 2822's.
fn moment(headers: &HeaderMap, name: HeaderName) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(headers.get(name)?.to_str().ok()?.trim()).ok()
}
