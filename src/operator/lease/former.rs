//! The lease of another installation, whose manifests are to be taken over: as long as somebody holds it, nobody else writes.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use tokio::time::Instant;

use super::candidate::{sight, within_deadline};
use super::election::Watched;
use super::{LEASE, LOOK_EVERY, Term};
use crate::controller::Pulse;
use crate::operator::said::Said;

/// Waits until nobody holds the lease in this namespace, and says meanwhile who does.
///
/// A lease that may not be read is waited for as well, for its holder may live, unless its whole namespace is gone.
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
                if is_gone(client, namespace).await {
                    return;
                }
                format!(
                    "Whether the operator in namespace {namespace} still runs cannot be seen: {}. Grant this one get on Lease \
                     {LEASE} there. The Helm chart does, with rbac.create.",
                    trouble.words()
                )
            }
            Err(trouble) => format!("The lease in namespace {namespace} cannot be read: {}.", trouble.words()),
        };
        said.warn(&sentence);
        pulse.beat();
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn is_gone(client: &Client, namespace: &str) -> bool {
    let found = within_deadline(Api::<Namespace>::all(client.clone()).get_opt(namespace)).await;
    matches!(found, Ok(None))
}
