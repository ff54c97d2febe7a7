//! The record of what was asked and what came of it. It holds no bodies and no secrets.

use std::collections::{BTreeMap, VecDeque};

use axum::http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

/// The log keeps this many of the latest requests; the counts keep all.
const KEPT: usize = 100_000;

/// Counts per method and path, and the latest requests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Requests {
    /// `POST /api/v1/auth` → 3; requests to a cluster's own endpoint start with `data-plane `.
    pub counts: BTreeMap<String, u64>,
    pub log: VecDeque<RequestRow>,
    /// How many rows have left the log.
    #[serde(skip)]
    dropped: u64,
}

/// One request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// When it arrived.
    pub at: Timestamp,
    pub plane: Plane,
    pub method: String,
    pub path: String,
    /// The server that was addressed, for a cluster's own endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// None while it is under way, and where the connection was cut.
    pub status: Option<u16>,
    /// Whether the connection was closed without an answer.
    pub cut: bool,
    /// Whose secret or token came along, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it changed, whatever the client got to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// What a request was addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Plane {
    /// The cloud's administration API.
    Cloud,
    /// A cluster's own endpoint.
    Data,
}

/// A change to the simulated world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// `deployed`, `updated`, `suspended`, `resumed`, `cloned`, `destroyed`, `passwordSet`, … in TypeDB Cloud, and
    /// `created`, `scaled`, `storageExpanded`, `deleted`, `projectCreated`, … in CrateDB Cloud.
    pub action: &'static str,
    /// `team/space/id` of the cluster, after the change; in CrateDB Cloud `organization/id` of the cluster, or of
    /// the project, the subscription, … that the action names.
    pub cluster: String,
    /// The cluster's creation time in epoch milliseconds.
    pub created_at: i64,
    /// The fields that an update named; of a deletion, `subscription_id` where that cancelled the subscription.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<&'static str>,
}

/// The place of a row in the log, for completing it later.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowNumber(u64);

impl Requests {
    /// Counts and notes a request at its arrival.
    pub(super) fn arrive(&mut self, row: RequestRow) -> RowNumber {
        *self.counts.entry(count_key(row.plane, &row.method, &row.path)).or_default() += 1;
        if self.log.len() == KEPT {
            self.log.pop_front();
            self.dropped += 1;
        }
        self.log.push_back(row);
        RowNumber(self.dropped + self.log.len() as u64 - 1)
    }

    /// Notes what the request changed.
    pub(super) fn took_effect(&mut self, number: RowNumber, effect: Effect) {
        if let Some(row) = self.row(number) {
            row.effect = Some(effect);
        }
    }

    /// Notes the answer; none where the connection was cut.
    pub(super) fn answered(&mut self, number: RowNumber, status: Option<StatusCode>) {
        if let Some(row) = self.row(number) {
            row.status = status.map(|status| status.as_u16());
            row.cut = status.is_none();
        }
    }

    /// Forgets everything; rows of requests under way stay gone.
    pub(super) fn clear(&mut self) {
        self.counts.clear();
        self.dropped += self.log.len() as u64;
        self.log.clear();
    }

    /// How often `method` was used on `path` of the cloud's API.
    #[must_use]
    pub fn count(&self, method: &Method, path: &str) -> u64 {
        self.counts.get(&count_key(Plane::Cloud, method.as_str(), path)).copied().unwrap_or(0)
    }

    fn row(&mut self, RowNumber(number): RowNumber) -> Option<&mut RequestRow> {
        let index = usize::try_from(number.checked_sub(self.dropped)?).ok()?;
        self.log.get_mut(index)
    }
}

fn count_key(plane: Plane, method: &str, path: &str) -> String {
    match plane {
        Plane::Cloud => format!("{method} {path}"),
        Plane::Data => format!("data-plane {method} {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> RequestRow {
        RequestRow {
            at: Timestamp::UNIX_EPOCH,
            plane: Plane::Cloud,
            method: "GET".to_owned(),
            path: path.to_owned(),
            address: None,
            status: None,
            cut: false,
            client_id: None,
            effect: None,
        }
    }

    #[test]
    fn the_log_is_bounded_and_the_counts_are_not() {
        let mut requests = Requests::default();
        let first = requests.arrive(row("/a"));
        for _ in 0..KEPT {
            requests.arrive(row("/b"));
        }
        assert_eq!(requests.log.len(), KEPT);
        assert_eq!((requests.count(&Method::GET, "/a"), requests.count(&Method::GET, "/b")), (1, KEPT as u64));
        requests.answered(first, Some(StatusCode::OK));
        assert!(requests.log.iter().all(|row| row.status.is_none()), "the answer belongs to a row that has left");
    }

    #[test]
    fn an_answer_finds_its_row_after_older_ones_have_left() {
        let mut requests = Requests::default();
        for _ in 0..KEPT {
            requests.arrive(row("/old"));
        }
        let number = requests.arrive(row("/new"));
        requests.arrive(row("/newer"));
        requests.answered(number, Some(StatusCode::CONFLICT));
        let answered: Vec<_> = requests.log.iter().filter(|row| row.status == Some(409)).map(|row| &row.path).collect();
        assert_eq!(answered, ["/new"]);
    }
}
