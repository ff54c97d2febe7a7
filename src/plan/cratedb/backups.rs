//! The hours of the day in which backups are made. They are asked for as hours, and the cloud answers with a cron expression.

use std::collections::BTreeSet;

use crate::api::cratedb::{BackupSchedule, CrateDBCluster, CrateDBClusterSpec};
use crate::cloud::cratedb::change::Change;
use crate::cloud::cratedb::wire::Cluster;
use crate::plan::difference::{Difference, differing};
use crate::plan::status::cut;

/// The hours of a day.
const HOURS: u8 = 24;

pub(super) fn difference(spec: &CrateDBClusterSpec, cluster: &Cluster) -> Option<Difference<CrateDBCluster>> {
    let wanted = spec.backup.as_ref()?.hours.iter();
    let wanted: BTreeSet<u8> = wanted.filter_map(|hour| u8::try_from(*hour).ok()).collect();
    // What the cloud does not tell cannot differ: it would be set again and again.
    let schedule = cluster.backup_schedule.clone()?;
    let wanted: Vec<u8> = wanted.into_iter().collect();
    let there = cluster.backup_hours();
    if there.as_ref() == Some(&wanted) {
        return None;
    }
    let shown =
        differing("backup.hours", Some(there.map_or(schedule, |there| in_words(&there))), Some(in_words(&wanted)))?;
    Some(Difference::later(shown, Change::Backups { hours: wanted }))
}

pub(super) fn in_words(hours: &[u8]) -> String {
    hours.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The schedule as the status has it.
pub(super) fn shown(schedule: &str) -> BackupSchedule {
    let hours = hours(schedule).map(|hours| hours.into_iter().map(i64::from).collect());
    BackupSchedule { schedule: cut(schedule, 128), hours }
}

impl Cluster {
    /// The hours in which backups are made, ascending; none where the cloud does not tell, or says more than hours of every day.
    pub(super) fn backup_hours(&self) -> Option<Vec<u8>> {
        Some(hours(self.backup_schedule.as_ref()?)?.into_iter().collect())
    }
}

/// The hours in a cron expression such as `55 2,4-8,*/12 * * *`; none where it names more than a minute and hours.
fn hours(schedule: &str) -> Option<BTreeSet<u8>> {
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    let [minute, hours, rest @ ..] = fields.as_slice() else { return None };
    let every_day = rest.len() == 3 && rest.iter().all(|field| matches!(*field, "*" | "?"));
    let one_minute = minute.parse::<u8>().is_ok_and(|minute| minute < 60);
    if !every_day || !one_minute {
        return None;
    }
    let parts: Vec<Vec<u8>> = hours.split(',').map(part).collect::<Option<_>>()?;
    Some(parts.into_iter().flatten().collect())
}

/// `*`, `4` or `4-8`, each with a step or without. One hour with a step begins there and goes on to the end of the day.
fn part(text: &str) -> Option<Vec<u8>> {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step.parse::<u8>().ok().filter(|step| *step > 0)?)),
        None => (text, None),
    };
    let hour = |text: &str| text.parse::<u8>().ok().filter(|hour| *hour < HOURS);
    let (first, last) = match range.split_once('-') {
        Some((first, last)) => (hour(first)?, hour(last)?),
        None if range == "*" => (0, HOURS - 1),
        None => (hour(range)?, if step.is_some() { HOURS - 1 } else { hour(range)? }),
    };
    (first <= last).then(|| (first..=last).step_by(step.unwrap_or(1).into()).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("55 2,4,6 * * *", &[2, 4, 6])]
    #[case("55 6,2,2 * * *", &[2, 6])]
    #[case("55 12 * * *", &[12])]
    #[case("0 4-8 * * *", &[4, 5, 6, 7, 8])]
    #[case("55 */6 * * *", &[0, 6, 12, 18])]
    #[case("55 1-10/4 * * *", &[1, 5, 9])]
    #[case("55 20/2 * * *", &[20, 22])]
    #[case("  55  0,22-23,*/12   *  *  ? ", &[0, 12, 22, 23])]
    fn a_schedule_has_hours(#[case] schedule: &str, #[case] expected: &[u8]) {
        assert_eq!(hours(schedule), Some(expected.iter().copied().collect()));
    }

    #[test]
    fn every_hour_is_each_of_them() {
        assert_eq!(hours("55 * * * *"), Some((0..24).collect()));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::too_few_fields("55 2 * *")]
    #[case::too_many_fields("0 55 2 * * *")]
    #[case::some_days("55 2 * * 1")]
    #[case::some_months("55 2 * 1 *")]
    #[case::every_minute("* 2 * * *")]
    #[case::no_such_minute("60 2 * * *")]
    #[case::no_such_hour("55 24 * * *")]
    #[case::no_such_end("55 4-24 * * *")]
    #[case::backwards("55 8-4 * * *")]
    #[case::no_step("55 */0 * * *")]
    #[case::an_empty_part("55 2, * * *")]
    #[case::words("@daily")]
    fn a_schedule_that_is_not_of_hours(#[case] schedule: &str) {
        assert_eq!(hours(schedule), None);
    }
}
