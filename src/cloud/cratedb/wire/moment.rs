//! Moments, which the cloud writes with and without an offset, and as an empty text where there is none.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serializer};
use serde_with::{DeserializeAs, SerializeAs};

use crate::api::identity::CreatedAt;

/// A creation time, written as `2024-09-27T08:00:00+00:00`. Without it a cluster cannot be told from its successor.
pub(super) struct Created;

/// Written as `2024-09-27T08:00:00+00:00`.
pub(super) struct WithOffset;

/// Written as `2024-09-27T08:00:00`.
pub(super) struct WithoutOffset;

impl SerializeAs<CreatedAt> for Created {
    fn serialize_as<S: Serializer>(moment: &CreatedAt, serializer: S) -> Result<S::Ok, S::Error> {
        WithOffset::serialize_as(&moment.timestamp(), serializer)
    }
}

impl<'de> DeserializeAs<'de, CreatedAt> for Created {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<CreatedAt, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = parse(&text).ok_or_else(|| serde::de::Error::custom("a creation time is not a moment"))?;
        Ok(CreatedAt::from_epoch_millis(moment.as_millisecond()))
    }
}

impl SerializeAs<Option<Timestamp>> for WithOffset {
    fn serialize_as<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        let text = moment.map(|moment| format!("{:+#}", moment.display_with_offset(Offset::UTC)));
        serializer.serialize_str(&text.unwrap_or_default())
    }
}

impl<'de> DeserializeAs<'de, Option<Timestamp>> for WithOffset {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        optional(deserializer)
    }
}

impl SerializeAs<Option<Timestamp>> for WithoutOffset {
    fn serialize_as<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        let text = moment.map(|moment| TimeZone::UTC.to_datetime(moment).to_string());
        serializer.serialize_str(&text.unwrap_or_default())
    }
}

impl<'de> DeserializeAs<'de, Option<Timestamp>> for WithoutOffset {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        optional(deserializer)
    }
}

fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(parse))
}

/// A moment without an offset is in UTC.
fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(local)
}
