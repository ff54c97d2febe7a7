//! The lease of another installation, whose manifests are to be taken over: as long as somebody holds it, nobody else writes.

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client};
use tokio::time::Instant;

use super::candidate::{sight, within_deadline};
use super::election::Watched;
use super::{LEASE, LOOK_EVERY, Term};
use crate::controller::Pulse;
use crate::operator::said::Said;

/// Waits until nobody holds the lease in this namespace, and says meanwhile who does.
///
/// Where the lease cannot be seen, it is taken to be free: its holder is gone for good, says whoever asked for this.
pub async fn until_vacant(client: &Client, namespace: &str, term: Term, pulse: &Pulse) {
    let api = Api::<Lease>::namespaced(client.clone(), namespace);
    let (mut watched, mut said) = (None, Said::default());
    loop {
        let sentence = match within_deadline(api.get_opt(LEASE)).await {
            Ok(lease) => {
                let Some((seen, holder)) = lease.as_ref().map(sight).and_then(|it| Some((it.clone(), it.holder?)))
                else {
                    return;
                };
                let now = Instant::now();
                let lasting = Watched::note(watched.take(), now, &seen, term.told());
                if now >= lasting.ends() {
                    return;
                }
                watched = Some(lasting);
                format!(
                    "The operator in namespace {namespace} may still run: {holder} holds its lease. Stop it; then its \
                     manifests are taken over."
                )
            }
            Err(trouble) if trouble.is_forbidden() => {
                let words = trouble.words();
                tracing::warn!("Whether the operator in namespace {namespace} still runs cannot be seen: {words}.");
                return;
            }
            Err(trouble) => format!("The lease in namespace {namespace} cannot be read: {}.", trouble.words()),
        };
        said.warn(&sentence);
        pulse.beat();
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
