//! Backups. They follow from the schedule and the time, so that nothing has to take them.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Reply, Right, effect_on};
use super::cluster::{Cluster, dublin_core};
use super::operation::Change;
use super::refusal::Refusal;
use crate::api::identity::ClusterId;
use crate::clock::earlier;
use crate::simulator::answer::Answer;

/// The vendor keeps and shows backups for two weeks.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);
const KINDS: [&str; 4] = ["all", "metadata", "tables", "sections"];

impl Call<'_> {
    /// Newest first.
    pub(super) fn list_snapshots(&mut self, id: &str) -> Reply {
        let cluster = self.cluster(id)?;
        let (start, end) = (self.moment("start")?, self.moment("end")?);
        let wanted = cluster
            .snapshots(self.now)
            .into_iter()
            .filter(|taken| start.is_none_or(|start| start <= *taken) && end.is_none_or(|end| *taken <= end));
        Ok(Answer::shown(wanted.map(|taken| cluster.describe_snapshot(taken)).collect()))
    }

    pub(super) fn restore(&mut self, id: &str) -> Reply {
        let target = self.changeable(id, Right::ProjectAdmin)?;
        let fields = self.fields()?;
        let kind = fields.text("type")?.unwrap_or_else(|| "tables".to_owned());
        if !KINDS.contains(&kind.as_str()) {
            return Err(fields.wrong("type", format!("Must be one of: {}.", KINDS.join(", "))));
        }
        let source = match fields.text("source_cluster_id")? {
            Some(source) => self.cluster(&source)?,
            None => target,
        };
        if (&source.organization_id, &source.region) != (&target.organization_id, &target.region) {
            return Err(fields.wrong("source_cluster_id", "Source and target must share organization and region."));
        }
        let repository = fields.required("repository", Fields::text)?;
        let snapshot = fields.required("snapshot", Fields::text)?;
        let known = source.snapshots(self.now).into_iter().find(|taken| name_of(*taken) == snapshot);
        let taken = known.filter(|_| repository == source.repository());
        let taken =
            taken.ok_or_else(|| fields.wrong("snapshot", format!("The snapshot '{snapshot}' does not exist.")))?;
        let tables = wanted_tables(&fields, &kind, source)?;
        if let Some(table) = tables.iter().find(|table| target.tables.contains(*table)) {
            return Err(fields.wrong("tables", format!("The table '{table}' exists already.")));
        }
        let described = source.describe_snapshot(taken);
        let effect = effect_on(target, "snapshotRestored", vec!["tables"]);
        self.start(&ClusterId::new(id), Change::Restore { tables });
        Ok(Answer::shown(described).having(effect))
    }
}

/// The tables that are restored: those that are asked for, or all.
fn wanted_tables(fields: &Fields, kind: &str, source: &Cluster) -> Result<Vec<String>, Refusal> {
    if matches!(kind, "metadata" | "sections") {
        return Ok(Vec::new());
    }
    let Some(asked) = fields.list("tables")?.filter(|_| kind == "tables") else {
        return Ok(source.tables.iter().cloned().collect());
    };
    let known = |table: &Value| {
        let table = table.as_str().filter(|table| source.tables.contains(*table));
        table.map(str::to_owned).ok_or_else(|| fields.wrong("tables", "A table is not in the snapshot."))
    };
    asked.iter().map(known).collect()
}

impl Cluster {
    /// When its backups were taken, newest first.
    fn snapshots(&self, now: Timestamp) -> Vec<Timestamp> {
        let hours = hours(&self.spec.backup_schedule);
        let oldest = earlier(now, KEPT).max(self.created);
        let mut taken = Vec::new();
        let mut day = TimeZone::UTC.to_datetime(oldest).date();
        while day <= TimeZone::UTC.to_datetime(now).date() {
            let at = |hour: &i8| {
                Some(day.to_datetime(Time::new(*hour, 55, 0, 0).ok()?).to_zoned(TimeZone::UTC).ok()?.timestamp())
            };
            taken.extend(hours.iter().filter_map(at).filter(|taken| oldest < *taken && *taken <= now));
            let Ok(next) = day.checked_add(1.day()) else { break };
            day = next;
        }
        taken.reverse();
        taken
    }

    fn repository(&self) -> String {
        format!("system_backup_{}", self.name.replace('-', "_"))
    }

    fn describe_snapshot(&self, taken: Timestamp) -> Value {
        json!({
            "cluster_id": self.id, "project_id": self.spec.project_id, "repository": self.repository(),
            "snapshot": name_of(taken), "created": taken, "dc": dublin_core(taken, taken),
            "tables": self.tables, "concrete_indices": self.tables,
        })
    }
}

/// `20261122125500`
fn name_of(taken: Timestamp) -> String {
    TimeZone::UTC.to_datetime(taken).strftime("%Y%m%d%H%M%S").to_string()
}

/// The hours of a schedule such as `55 2,4,6 * * *`.
fn hours(schedule: &str) -> Vec<i8> {
    let field = schedule.split(' ').nth(1).unwrap_or("*");
    let listed = || field.split(',').filter_map(|hour| hour.parse().ok()).collect();
    match field.split_once('-') {
        _ if field == "*" => (0..24).collect(),
        Some((first, last)) => match (first.parse(), last.parse()) {
            (Ok(first), Ok(last)) => (first..=last).collect(),
            _ => Vec::new(),
        },
        None => listed(),
    }
}
