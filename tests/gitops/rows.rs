//! The design's table: every reason, and what each tool is to make of an object that stands for it.

use std::sync::Arc;

use clusterwright::api::account::{CloudAccount, CredentialState, CredentialStatus};
use clusterwright::api::condition::Reason;
use clusterwright::api::cratedb::CrateDBCluster;
use clusterwright::api::typedb::TypeDBCluster;
use clusterwright::plan::{
    AccountFacts, AccountStanding, Attempts, Facts, Given, Inventory, Kind, Permits, Plan, Verdict, account_status,
    account_verdict, plan, status,
};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::kstatus::Read;

/// The kinds, as the folders of the scripts are named.
pub(crate) const KINDS: [&str; 3] = ["CloudAccount", "TypeDBCluster", "CrateDBCluster"];

/// What every message of a row says; all of it has to come through, whatever stands in it.
pub(crate) const MESSAGE: &str = "A sentence with \"quotes\",\na second line, 50 % and an é.";

/// What Argo CD, and what kstatus with Flux and Helm, make of an object.
pub(crate) type Expected = (&'static str, Read);

const DONE: Expected = ("Healthy", Read::Current);
const WORKING: Expected = ("Progressing", Read::InProgress);
const WAITING_FOR_A_PERSON: Expected = ("Degraded", Read::Failed);

/// The row of a reason. There is no rest: a reason that is new has to be given its row.
pub(crate) fn expected(reason: Reason) -> Expected {
    match reason {
        Reason::Running | Reason::Suspended | Reason::Observed | Reason::Connected => DONE,
        Reason::Connecting
        | Reason::Creating
        | Reason::Updating
        | Reason::Renaming
        | Reason::Restoring
        | Reason::Resuming
        | Reason::Suspending
        | Reason::Deleting
        | Reason::WaitingForOperation
        | Reason::WaitingForRateLimit
        | Reason::CloudUnavailable
        | Reason::OutcomeUnknown
        | Reason::DatabaseUnavailable
        | Reason::WaitingForAccount
        | Reason::WaitingForCredentials
        | Reason::WaitingForPassword => WORKING,
        Reason::AccountNotFound
        | Reason::NamespaceNotAllowed
        | Reason::InUse
        | Reason::CredentialsMissing
        | Reason::CredentialsRejected
        | Reason::CredentialsInsufficient
        | Reason::PasswordMissing
        | Reason::InvalidSpec
        | Reason::ChangeRefused
        | Reason::OperationFailed
        | Reason::ChangeUnsupported
        | Reason::NameTaken
        | Reason::ClaimedByAnother
        | Reason::LocationChanged
        | Reason::RecordedClusterDiffers
        | Reason::SubscriptionAmbiguous
        | Reason::ConnectionSecretConflict
        | Reason::EndpointNotAllowed
        | Reason::AdminPasswordUnknown
        | Reason::AdminPasswordUnsupported
        | Reason::Vanished
        | Reason::Replaced
        | Reason::NotRunning
        | Reason::DeletionProtected
        | Reason::DeletionWouldCancelSubscription => WAITING_FOR_A_PERSON,
        Reason::Paused => ("Suspended", Read::Failed),
    }
}

/// Every reason that an object of this kind can stand for, and the object as its operator publishes it.
pub(crate) fn rows(kind: &str) -> Vec<(Reason, Value)> {
    Reason::ALL.into_iter().filter_map(|reason| Some((reason, standing(kind, reason)?))).collect()
}

/// An object whose status is what the operator's own decision publishes. None where its kind knows no such standing.
fn standing(kind: &str, reason: Reason) -> Option<Value> {
    match kind {
        "CloudAccount" => account(reason),
        "TypeDBCluster" => Some(cluster::<TypeDBCluster>(kind, reason)),
        "CrateDBCluster" => Some(cluster::<CrateDBCluster>(kind, reason)),
        other => panic!("{other} is no kind of ours"),
    }
}

/// The object before its operator has looked at it, with what the schema's defaults make of it.
pub(crate) fn untouched(kind: &str) -> Value {
    let spec = match kind {
        "CloudAccount" => json!({
            "typedbCloud": {"team": "acme", "space": "default"},
            "credentials": [{"secretRef": {"name": "typedb-cloud"}}],
        }),
        _ => json!({"accountRef": {"name": "account"}}),
    };
    json!({
        "apiVersion": "clusterwright.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "orders", "namespace": "shop", "generation": 3},
        "spec": spec,
        "status": {"observedGeneration": -1},
    })
}

/// The same object after an edit that its operator has not looked at.
pub(crate) fn edited(mut object: Value) -> Value {
    object["metadata"]["generation"] = json!(4);
    object
}

fn typed<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}

fn cluster<K: Kind>(kind: &str, reason: Reason) -> Value {
    let facts = facts::<K>(untouched(kind), AccountStanding::Connected);
    let plan = Plan {
        next: None,
        pending: Vec::new(),
        verdict: Verdict::Stands { reason, message: MESSAGE.to_owned(), differs: vec!["version".to_owned()] },
        cluster: None,
        look_again: None,
    };
    published(&facts, &plan)
}

/// What the plan itself decides about a new manifest whose account stands like this: the reason, and the object.
pub(crate) fn decided<K: Kind>(object: Value, account: AccountStanding) -> (Reason, Value) {
    let facts = facts::<K>(object, account);
    let plan = plan(&facts);
    let Verdict::Stands { reason, .. } = plan.verdict else { panic!("nothing is decided") };
    (reason, published(&facts, &plan))
}

/// The object as its operator publishes it.
fn published<K: Kind>(facts: &Facts<K>, plan: &Plan<K>) -> Value {
    let mut object = serde_json::to_value(&facts.manifest).unwrap();
    object["status"] = serde_json::to_value(status(facts, plan)).unwrap();
    object
}

/// A manifest of which nothing is known but how its account stands.
fn facts<K: Kind>(object: Value, account: AccountStanding) -> Facts<K> {
    Facts {
        now: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1),
        manifest: typed(object),
        namespace_uid: String::new(),
        operator_namespace: "clusterwright-system".to_owned(),
        take_over_from: None,
        edited: Timestamp::UNIX_EPOCH,
        account: AccountFacts { standing: account, reach: None, permits: Permits::ALL },
        record: None,
        rivals: Vec::new(),
        inventory: Some(Inventory { clusters: Vec::new(), at: None }.into()),
        look: None,
        catalogue: None,
        answers: Arc::default(),
        source: None,
        probe: None,
        wanted_password: Given::NotAsked,
        current_password: Given::NotAsked,
        published_password: None,
        attempts: Attempts::default(),
    }
}

fn account(reason: Reason) -> Option<Value> {
    let standing = match reason {
        Reason::Connected => AccountStanding::Connected,
        Reason::Connecting => AccountStanding::Connecting,
        Reason::CloudUnavailable => AccountStanding::Unavailable(MESSAGE.to_owned()),
        refused if expected(refused) == WAITING_FOR_A_PERSON => AccountStanding::Refused(refused, MESSAGE.to_owned()),
        _ => return None,
    };
    let mut account: CloudAccount = typed(untouched("CloudAccount"));
    let secret_name = "typedb-cloud".to_owned();
    let credentials = [CredentialStatus { secret_name, state: CredentialState::InUse }];
    let (reason, message) = account_verdict(&standing, &credentials);
    account.status = Some(account_status(&account, (reason, &message), &credentials, None, Timestamp::UNIX_EPOCH));
    Some(serde_json::to_value(account).unwrap())
}
