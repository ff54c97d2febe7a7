//! Moments, which the cloud writes with and without an offset, and as an empty text where there is none.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serializer};

use crate::api::identity::CreatedAt;

/// A moment without an offset is in UTC.
fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(local)
}

fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(parse))
}

/// A creation time: without it a cluster cannot be told from its successor.
pub(super) mod required {
    use super::{CreatedAt, Deserialize, Deserializer, Serializer, parse, with_offset};

    pub(in super::super) fn serialize<S: Serializer>(moment: &CreatedAt, serializer: S) -> Result<S::Ok, S::Error> {
        with_offset::serialize(&moment.timestamp(), serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CreatedAt, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = parse(&text).ok_or_else(|| serde::de::Error::custom("a creation time is not a moment"))?;
        Ok(CreatedAt::from_epoch_millis(moment.as_millisecond()))
    }
}

/// Written as `2024-09-27T08:00:00+00:00`.
pub(super) mod with_offset {
    use super::{Deserializer, Serializer, Timestamp, optional};

    pub(in super::super) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(
            &moment
                .map(|moment| format!("{:+#}", moment.display_with_offset(jiff::tz::Offset::UTC)))
                .unwrap_or_default(),
        )
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        optional(deserializer)
    }
}

/// Written as `2024-09-27T08:00:00`.
pub(super) mod without_offset {
    use super::{Deserializer, Serializer, TimeZone, Timestamp, optional};

    pub(in super::super) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer
            .serialize_str(&moment.map(|moment| TimeZone::UTC.to_datetime(moment).to_string()).unwrap_or_default())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        optional(deserializer)
    }
}
