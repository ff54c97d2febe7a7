//! Transfers of data into a cluster and out of it. No data is moved; the table of an import is there when it is done.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Reply, Right, effect_on};
use super::cloud::new_id;
use super::cluster::{Cluster, dublin_core};
use super::operation::stage;
use super::refusal::Refusal;
use crate::clock::later;
use crate::cloud::cratedb::wire::OperationStatus;
use crate::simulator::answer::Answer;

const TAKES: Duration = Duration::from_secs(60);
const FORMATS: [&str; 3] = ["csv", "json", "parquet"];
const RECORDS: i64 = 1000;
const BYTES: i64 = 64 * RECORDS;

/// One transfer.
pub(super) struct Job {
    id: String,
    pub(super) direction: Direction,
    pub(super) table: String,
    format: String,
    compression: Option<String>,
    /// Kind and description of what is imported.
    source: Option<(String, Value)>,
    /// The id of the file that is exported to.
    file: String,
    started: Timestamp,
    pub(super) until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Import,
    Export,
}

impl Call<'_> {
    pub(super) fn list_jobs(&mut self, direction: Direction, cluster: &str) -> Reply {
        let cluster = self.cluster(cluster)?;
        let jobs = cluster.jobs.iter().filter(|job| job.direction == direction);
        Ok(Answer::shown(jobs.map(|job| job.describe(cluster, self.now)).collect()))
    }

    pub(super) fn get_job(&mut self, direction: Direction, cluster: &str, id: &str) -> Reply {
        let cluster = self.cluster(cluster)?;
        Ok(Answer::shown(job_of(cluster, direction, id)?.describe(cluster, self.now)))
    }

    /// What is running is cancelled by it.
    pub(super) fn delete_job(&mut self, direction: Direction, cluster: &str, id: &str) -> Reply {
        let found = self.cluster_with(cluster, Right::ProjectAdmin)?;
        job_of(found, direction, id)?;
        let effect = effect_on(found, "jobDeleted", Vec::new());
        if let Some(cluster) = self.cloud.cluster_mut(cluster) {
            cluster.jobs.retain(|job| job.id != id);
        }
        Ok(Answer::empty(StatusCode::NO_CONTENT).having(effect))
    }

    pub(super) fn import_progress(&mut self, cluster: &str, id: &str) -> Reply {
        let job = job_of(self.cluster(cluster)?, Direction::Import, id)?;
        let message = job.message(self.now);
        let mut progress = job.progress(self.now);
        progress["files"] = json!([{
            "name": job.table, "status": stage(job.started, job.until, self.now), "records": progress["records"],
            "percent": progress["percent"], "total_records": RECORDS, "failed_records": 0, "bytes": progress["bytes"],
        }]);
        Ok(Answer::shown(json!({"job_id": job.id, "message": message, "progress": progress, "details": {}})))
    }

    pub(super) fn import(&mut self, cluster: &str) -> Reply {
        let fields = self.fields()?;
        let kind = fields.required("type", Fields::text)?;
        let source = match kind.as_str() {
            "url" => {
                fields.required("url", Fields::object)?.required("url", Fields::text).map(|url| json!({"url": url}))
            }
            "s3" | "azureblob" => fields.required(&kind, Fields::object).map(|source| source.as_value()),
            _ => Err(fields.wrong("type", "Must be one of: url, s3, azureblob.")),
        }?;
        let format = format_of(&fields)?;
        let table = fields.required("destination", Fields::object)?.required("table", Fields::text)?;
        self.begin_job(cluster, Direction::Import, table, format, Some((kind, source)))
    }

    pub(super) fn export(&mut self, cluster: &str) -> Reply {
        let fields = self.fields()?;
        let source = fields.required("source", Fields::object)?;
        let table = source.required("table", Fields::text)?;
        if !self.cluster(cluster)?.tables.contains(&table) {
            return Err(source.wrong("table", format!("The table '{table}' does not exist.")));
        }
        let format = format_of(&fields.required("destination", Fields::object)?)?;
        self.begin_job(cluster, Direction::Export, table, format, None)
    }

    /// The file that an export has been written to.
    pub(super) fn get_file(&mut self, organization: &str, id: &str) -> Reply {
        self.organization(organization)?;
        let own = self.cloud.clusters.iter().filter(|cluster| cluster.organization_id == organization);
        let written = |job: &&Job| job.direction == Direction::Export && job.file == id && job.until <= self.now;
        let job = own.flat_map(|cluster| &cluster.jobs).find(written);
        let job = job.ok_or_else(|| Refusal::not_found(format_args!("The file {id}")))?;
        let mut file = job.describe_file();
        file["status"] = json!("UPLOADED");
        Ok(Answer::shown(file))
    }

    fn begin_job(
        &mut self,
        id: &str,
        direction: Direction,
        table: String,
        format: String,
        source: Option<(String, Value)>,
    ) -> Reply {
        self.changeable(id, Right::ProjectAdmin)?;
        let compression = self.fields()?.text("compression")?;
        let random = &mut self.environment.random;
        let (job, file) = (new_id(random), new_id(random));
        let until = later(self.now, self.environment.settings.scaled(TAKES));
        let job = Job { id: job, direction, table, format, compression, source, file, started: self.now, until };
        let cluster = self.cluster(id)?;
        let action = if direction == Direction::Import { "importStarted" } else { "exportStarted" };
        let effect = effect_on(cluster, action, Vec::new());
        let answer = Answer::shown(job.describe(cluster, self.now)).with_status(StatusCode::CREATED).having(effect);
        if let Some(cluster) = self.cloud.cluster_mut(id) {
            cluster.jobs.push(job);
        }
        Ok(answer)
    }
}

impl Job {
    fn describe(&self, cluster: &Cluster, now: Timestamp) -> Value {
        let mut progress = self.progress(now);
        progress["message"] = json!(self.message(now));
        let mut shown = json!({
            "id": self.id, "cluster_id": cluster.id, "status": stage(self.started, self.until, now),
            "compression": self.compression, "progress": progress,
            "dc": dublin_core(self.started, now.min(self.until)),
        });
        if let Some((kind, source)) = &self.source {
            shown["type"] = json!(kind);
            shown["format"] = json!(self.format);
            shown["destination"] = json!({"table": self.table, "create_table": true});
            shown[kind] = source.clone();
        } else {
            shown["source"] = json!({"table": self.table});
            shown["destination"] = json!({"format": self.format, "file": self.describe_file()});
        }
        shown
    }

    fn describe_file(&self) -> Value {
        let name = format!("{}.{}", self.table, self.format);
        let url = format!("https://files.example.com/{}/{name}", self.file);
        json!({"id": self.file, "name": name, "download_url": url, "file_size": BYTES})
    }

    fn message(&self, now: Timestamp) -> &'static str {
        match (stage(self.started, self.until, now), self.direction) {
            (OperationStatus::Registered, _) => "Your job was received and is pending processing.",
            (OperationStatus::Sent, _) => "Your job was sent to the region.",
            (OperationStatus::Succeeded, Direction::Import) => "Import succeeded.",
            (OperationStatus::Succeeded, Direction::Export) => "Export succeeded.",
            (_, Direction::Import) => "Import in progress.",
            (_, Direction::Export) => "Export in progress.",
        }
    }

    /// Never null: the vendor's command line fails on that.
    fn progress(&self, now: Timestamp) -> Value {
        let whole = self.until.duration_since(self.started).as_millis();
        let passed = now.min(self.until).duration_since(self.started).as_millis();
        let percent = if whole == 0 { 100 } else { i64::try_from(passed * 100 / whole).unwrap_or(100) };
        let done = i64::from(percent == 100);
        json!({
            "percent": percent, "records": RECORDS * percent / 100, "total_records": RECORDS, "failed_records": 0,
            "bytes": BYTES * percent / 100, "total_files": 1, "processed_files": done, "failed_files": 0,
        })
    }
}

fn job_of<'c>(cluster: &'c Cluster, direction: Direction, id: &str) -> Result<&'c Job, Refusal> {
    let job = cluster.jobs.iter().find(|job| job.direction == direction && job.id == id);
    job.ok_or_else(|| Refusal::not_found(format_args!("The job {id}")))
}

fn format_of(fields: &Fields) -> Result<String, Refusal> {
    let format = fields.required("format", Fields::text)?;
    if FORMATS.contains(&format.as_str()) {
        Ok(format)
    } else {
        Err(fields.wrong("format", format!("Must be one of: {}.", FORMATS.join(", "))))
    }
}
