//! What was done in a manifest's location of late. It is gathered only for what is paced by it.

use crate::api::identity::Location;
use crate::api::shared::OnVanished;
use crate::controller::Context;
use crate::controller::clouds::Managed;
use crate::controller::records::Stored;
use crate::plan::{Intent, Lately, Record};

/// What was done at `location` of late, where the manifest is about to destroy a database or to have one created again.
pub(super) fn of<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    stored: Option<&Stored<K>>,
    location: Option<&Location>,
) -> Lately {
    let gone = stored.and_then(|stored| stored.record.bound.as_ref()).is_some_and(|bound| bound.gone.is_some());
    let recreates = gone && manifest.common().on_vanished == OnVanished::Recreate;
    match location {
        Some(location) if recreates || manifest.meta().deletion_timestamp.is_some() => at(ctx, location),
        _ => Lately::default(),
    }
}

fn at<K: Managed>(ctx: &Context<K>, location: &Location) -> Lately {
    let all = ctx.records.all();
    let here = || all.iter().map(|stored| &stored.record).filter(|record| record.location == *location);
    Lately {
        destroyed: here().filter_map(destroyed).collect(),
        limits: ctx.accounts.destroy_limits(location),
        recreated: here().filter_map(|record| record.recreated).max(),
    }
}

/// When the record's database was ended, or its end was asked for.
fn destroyed<K: Managed>(record: &Record<K>) -> Option<jiff::Timestamp> {
    let asked = match &record.intent {
        Some(Intent::Destroy { announced, .. }) => Some(*announced),
        _ => None,
    };
    record.ended.or(asked)
}
