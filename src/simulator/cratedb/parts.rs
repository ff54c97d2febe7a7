//! Parts of clusters: their operations, their nodes, tokens and metrics.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::body::Fields;
use super::call::{Call, Reply, Right, effect_on};
use super::refusal::Refusal;
use crate::simulator::answer::Answer;
use crate::simulator::tokens::{expiry, json_web_token};

/// How long a token for the database is valid, in seconds.
const TOKEN_LIFE: i64 = 3600;

impl Call<'_> {
    /// Newest first. The vendor's command line also filters by `type` and takes a `limit`.
    pub(super) fn list_operations(&mut self, id: &str) -> Reply {
        let cluster = self.cluster(id)?;
        let (start, end) = (self.moment("start")?, self.moment("end")?);
        let statuses: Vec<&str> =
            self.query.iter().filter(|(name, _)| name == "statuses").map(|(_, status)| status.as_str()).collect();
        let kind = self.parameter("type");
        let limit = self.parameter("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let within = cluster.operations.iter().rev().filter(|operation| {
            start.is_none_or(|start| start <= operation.started) && end.is_none_or(|end| operation.started <= end)
        });
        let wanted = |operation: &Value| {
            let status = operation["status"].as_str().unwrap_or_default();
            (statuses.is_empty() || statuses.contains(&status)) && kind.is_none_or(|kind| operation["type"] == kind)
        };
        let operations: Value =
            within.map(|operation| operation.describe(cluster, self.now)).filter(wanted).take(limit).collect();
        Ok(Answer::shown(json!({"operations": operations})))
    }

    pub(super) fn restart_node(&mut self, id: &str, ordinal: &str) -> Reply {
        let cluster = self.cluster_with(id, Right::ProjectAdmin)?;
        let exists = ordinal.parse().is_ok_and(|ordinal: i64| (0..=cluster.spec.product_unit).contains(&ordinal));
        if !exists {
            return Err(Refusal::not_found(format_args!("The node {ordinal}")));
        }
        let effect = effect_on(cluster, "nodeRestarted", Vec::new());
        let answer = json!({"apiVersion": "v1", "kind": "Pod", "status": "Success", "code": 200});
        Ok(Answer::shown(answer).with_status(StatusCode::ACCEPTED).having(effect))
    }

    pub(super) fn grant_token(&mut self, id: &str) -> Reply {
        let username = self.cluster(id)?.username.clone();
        let random = &mut self.environment.random;
        let mut token = || json_web_token(&username, self.now, TOKEN_LIFE, random);
        let (token, refresh) = (token(), token());
        Ok(Answer::shown(json!({"token": token, "refresh": refresh, "expiry": expiry(self.now, TOKEN_LIFE)})))
    }

    /// Newer than the vendor's document; the command line uses it.
    pub(super) fn transfer(&mut self, id: &str) -> Reply {
        let cluster = self.cluster_with(id, Right::OrganizationAdmin)?;
        let fields = self.fields()?;
        let old = fields.required("old_subscription_id", Fields::text)?;
        let new = fields.required("new_subscription_id", Fields::text)?;
        if cluster.spec.subscription_id != old {
            return Err(fields.wrong("old_subscription_id", "The cluster is not paid by this subscription."));
        }
        let usable = self
            .subscription(&new)
            .is_ok_and(|subscription| subscription.active && subscription.organization_id == cluster.organization_id);
        if !usable {
            return Err(fields.wrong("new_subscription_id", format!("The subscription {new} is not active.")));
        }
        if let Some(cluster) = self.cloud.cluster_mut(id) {
            cluster.spec.subscription_id = new;
        }
        let cluster = self.cluster(id)?;
        Ok(self.show(cluster).having(effect_on(cluster, "subscriptionTransferred", vec!["subscription_id"])))
    }

    /// The simulator measures nothing.
    pub(super) fn metrics(&mut self, id: &str, _metric: &str) -> Reply {
        self.cluster(id)?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    /// A moment, or a day, that the query gives.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let day = || Some(text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
        let moment = text.parse().ok().or_else(day);
        moment.map(Some).ok_or_else(|| Refusal::field(name, "Not a valid datetime."))
    }
}
