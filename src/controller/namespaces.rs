//! The labels of namespaces, read by name and kept for a while.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, ResourceExt};
use tokio::time::Instant;

type Labels = BTreeMap<String, String>;

/// What was read of the namespaces.
#[derive(Debug, Default)]
pub(crate) struct Namespaces {
    known: Mutex<HashMap<String, (Instant, Labels)>>,
}

impl Namespaces {
    /// The labels of a namespace, which were read no longer ago than `lasting`. None where they may not be read, or there is
    /// no such namespace.
    pub(crate) async fn labels(
        &self,
        client: &kube::Client,
        name: &str,
        lasting: Duration,
    ) -> Result<Option<Labels>, kube::Error> {
        if let Some((_, labels)) = self.lock().get(name).filter(|(read, _)| read.elapsed() < lasting) {
            return Ok(Some(labels.clone()));
        }
        let read = Instant::now();
        let found = match Api::<Namespace>::all(client.clone()).get_opt(name).await {
            Err(kube::Error::Api(status)) if status.is_forbidden() => None,
            other => other?,
        };
        let labels = found.map(|namespace| namespace.labels().clone());
        match &labels {
            Some(labels) => drop(self.lock().insert(name.to_owned(), (read, labels.clone()))),
            None => drop(self.lock().remove(name)),
        }
        Ok(labels)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Labels)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
