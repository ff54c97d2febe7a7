//! Gathering the facts about one manifest. At rest nothing here asks anyone.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use super::{ReconcileError, lately};
use crate::api::account::CloudAccount;
use crate::api::annotation;
use crate::api::condition::Reason;
use crate::api::identity::{ClusterId, Handle, Location};
use crate::api::secret::Password;
use crate::api::shared::Management;
use crate::clock;
use crate::controller::accounts::{Session, grants};
use crate::controller::clouds::Managed;
use crate::controller::locations::AccountKey;
use crate::controller::memory::{self, Memory, Passwords};
use crate::controller::records::{Stored, name_of};
use crate::controller::{Context, backoff, secrets};
use crate::fingerprint::Fingerprint;
use crate::plan::{
    AccountFacts, AccountName, AccountStanding, Attempts, CloudCluster, Facts, Given, Inventory, Origin, Owner,
    Permits, Reach, Rival, Source, Stake, granted,
};

/// How often the Secrets that belong to a manifest are looked at, while all is well and while one is missing or of no use.
const CHECK_SECRETS: Duration = Duration::from_secs(10 * 60);
pub(super) const CHECK_MISSING: Duration = Duration::from_secs(27);

/// Passwords that did not open the database are tried again after this long.
const TRY_PASSWORDS_AGAIN: Duration = Duration::from_secs(60 * 60);

/// Where the record comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    Cached,
    Fresh,
}

/// The facts, and what they were taken from.
pub(super) struct Seen<K: Managed> {
    pub(super) facts: Facts<K>,
    pub(super) stored: Option<Arc<Stored<K>>>,
    pub(super) session: Option<Session<K>>,
}

/// Gathers what is known about a manifest.
pub(super) async fn observe<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    memory: &Mutex<Memory<K>>,
    freshness: Freshness,
) -> Result<Seen<K>, ReconcileError> {
    let now = ctx.clock.now();
    let namespace = manifest.namespace().unwrap_or_default();
    let name = name_of::<K>(&namespace, &manifest.name_any());
    let stored = match freshness {
        Freshness::Cached => ctx.records.cached(&name)?,
        Freshness::Fresh => ctx.records.fresh(&name).await?,
    };
    let (account, session) = account(ctx, manifest, freshness).await?;
    let edited = remember(manifest, session.as_ref(), memory, now);
    let passwords = passwords(ctx, manifest, stored.as_deref(), memory, now).await?;
    let namespace_uid = namespace_uid(ctx, &namespace, memory).await?;
    let inventory = session.as_ref().and_then(|session| session.place.inventory());
    let catalogue = session.as_ref().and_then(|session| session.place.catalogue());
    let source = manifest.source().map(|name| source(ctx, manifest, name, session.as_ref())).transpose()?;
    let source_password = source_password(ctx, manifest, &namespace_uid, session.as_ref())?;
    let answers = session.as_ref().map(|session| session.place.answers()).unwrap_or_default();
    let location = session.as_ref().map(|session| &session.place.location);
    let rivals = location
        .map(|location| rivals(ctx, manifest, stored.as_deref(), location, inventory.as_deref()))
        .unwrap_or_default();
    let definition_deleted = definition_goes(ctx, manifest).await?;
    let (look, probe, attempts) = {
        let memory = memory::lock(memory);
        (memory.look.clone(), memory.probe, Attempts { definition_deleted, ..memory.attempts.clone() })
    };
    let lately = lately::of(ctx, manifest, stored.as_deref(), location);
    let facts = Facts {
        now,
        manifest: manifest.clone(),
        namespace_uid,
        operator_namespace: ctx.operator_namespace.clone(),
        take_over_from: ctx.take_over_from.clone(),
        edited,
        account,
        record: stored.as_ref().map(|stored| stored.record.clone()),
        rivals,
        inventory,
        look,
        catalogue,
        answers,
        source,
        source_password,
        probe,
        wanted_password: passwords.wanted,
        current_password: passwords.current,
        published_password: passwords.published,
        attempts,
        lately,
    };
    Ok(Seen { facts, stored, session })
}

/// The cluster behind a name, by its record, and else by what its manifest says. Only what the record's owner came by through
/// the same account, or created, is taken for its own: elsewhere the same id may be another's.
fn source<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    name: &str,
    session: Option<&Session<K>>,
) -> Result<Source, ReconcileError> {
    let namespace = manifest.namespace().unwrap_or_default();
    let Some(other) = ctx.stores.manifests.get(&ObjectRef::new(name).within(&namespace)) else {
        return Ok(Source::Missing);
    };
    let stored = ctx.records.cached(&name_of::<K>(&namespace, name))?;
    // A record that a former manifest of the name has left is not this one's.
    let own = stored.as_ref().filter(|stored| other.uid().as_ref() == Some(&stored.record.owner.uid));
    if let Some((record, bound)) = own.and_then(|stored| Some((&stored.record, stored.record.bound.as_ref()?))) {
        if session.is_none_or(|session| session.place.location != record.location) {
            return Ok(Source::Elsewhere);
        }
        let id = bound.identity.id.clone();
        let is_its_own = bound.origin == Origin::Created || record.account.as_ref() == Some(&AccountName::of(manifest));
        return Ok(if is_its_own { Source::Cluster(id) } else { Source::Named(id) });
    }
    let observed = || other.status().and_then(|status| K::common_status(status).external_id.as_ref());
    let id = other.common().external_id.as_ref().or_else(observed);
    Ok(id.map_or(Source::Unbound, |id| Source::Named(id.clone())))
}

/// The password of the cluster whose users this one's come from, where that is in the same hands.
fn source_password<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    namespace_uid: &str,
    session: Option<&Session<K>>,
) -> Result<Option<Password>, ReconcileError> {
    let Some(session) = session else { return Ok(None) };
    let (namespace, location) = (manifest.namespace().unwrap_or_default(), &session.place.location);
    let candidates = match (manifest.source(), manifest.source_id()) {
        (Some(name), _) => ctx.records.cached(&name_of::<K>(&namespace, name))?.into_iter().collect(),
        (None, Some(id)) => ctx.records.about(location, &Handle::Id(id.clone())),
        (None, None) => return Ok(None),
    };
    let ours = |stored: &&Arc<Stored<K>>| {
        let (record, owner) = (&stored.record, &stored.record.owner);
        record.location == *location && owner.namespace == namespace && owner.namespace_uid == namespace_uid
    };
    Ok(candidates.iter().find(ours).and_then(|stored| stored.record.password.current.clone()))
}

async fn account<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    freshness: Freshness,
) -> Result<(AccountFacts, Option<Session<K>>), kube::Error> {
    let key = AccountKey::of(manifest);
    let known = ctx.accounts.get(&key);
    let namespace = manifest.namespace().unwrap_or_default();
    let labels_last = if freshness == Freshness::Fresh { Duration::ZERO } else { grants::LABELS_LAST };
    let permits = grants::permits(ctx, &key, &namespace, labels_last).await?;
    // Nothing is told of an account, or done through it, where it may not be referred to.
    let Some(permits) = permits else {
        let exists = known.is_some() || ctx.stores.account_objects.get(&key.object()).is_some();
        let refused = || AccountStanding::Refused(Reason::NamespaceNotAllowed, not_granted(&key));
        let standing = if exists { refused() } else { AccountStanding::Missing };
        return Ok((AccountFacts { standing, reach: None, permits: Permits::NONE, accepts_missing: None }, None));
    };
    let session = known.as_ref().and_then(|known| known.session.clone());
    let accepts_missing = known.as_ref().and_then(|known| known.accepts_missing);
    let standing = match (ctx.stores.account_objects.get(&key.object()), known) {
        (None, _) => AccountStanding::Missing,
        (Some(account), _) if account.spec.location().is_ok_and(|location| location.cloud() != K::CLOUD) => {
            AccountStanding::Refused(Reason::InvalidSpec, not_of_this_cloud::<K>(&account))
        }
        (Some(_), None) => AccountStanding::Connecting,
        (Some(_), Some(known)) => known.standing,
    };
    let reach = session.as_ref().map(|session| Reach {
        location: session.place.location.clone(),
        credentials: session.keyring.accepted(),
        made_from: session.made_from.clone(),
    });
    Ok((AccountFacts { standing, reach, permits, accepts_missing }, session))
}

fn not_granted(account: &AccountKey) -> String {
    format!(
        "in namespace {} its spec.allowedNamespaces does not let this namespace refer to it. Ask whoever looks after it, or \
         correct spec.accountRef.",
        account.namespace
    )
}

fn not_of_this_cloud<K: Managed>(account: &CloudAccount) -> String {
    let there = account.spec.location().map_or("no cloud", |location| location.cloud().as_str());
    format!("it names {there}, and a {} lives in {}. Correct spec.accountRef.", K::kind(&()), K::CLOUD)
}

/// Notes what was seen of the manifest, and answers since when it is as it is.
fn remember<K: Managed>(
    manifest: &K,
    session: Option<&Session<K>>,
    memory: &Mutex<Memory<K>>,
    now: jiff::Timestamp,
) -> jiff::Timestamp {
    let annotations = [annotation::RECONCILE_AT, annotation::PAUSED, annotation::FORGET];
    let start = Fingerprint::default()
        .part(manifest.meta().generation.unwrap_or_default().to_be_bytes())
        .part(session.map_or("", |session| &session.made_from));
    let inputs = annotations
        .iter()
        .fold(start, |all, name| all.part(manifest.annotations().get(*name).map_or("", String::as_str)))
        .finish();
    let mut memory = memory::lock(memory);
    memory.saw_inputs(&inputs, now);
    let created = manifest.meta().creation_timestamp.as_ref().map(|time| time.0);
    let observed = manifest.status().and_then(|status| K::common_status(status).observed_generation);
    memory.saw_generation(manifest.meta().generation.unwrap_or_default(), observed, created, now)
}

/// Whether the kind itself is being deleted, and every manifest with it: then nobody asked for a database's end.
async fn definition_goes<K: Managed>(ctx: &Context<K>, manifest: &K) -> Result<bool, kube::Error> {
    let ending = manifest.meta().deletion_timestamp.is_some() && !manifest.finalizers().is_empty();
    if !ending {
        return Ok(false);
    }
    let api = Api::<CustomResourceDefinition>::all(ctx.client.clone());
    let definition = api.get_opt(&crd_name::<K>()).await?;
    Ok(definition.is_none_or(|definition| definition.metadata.deletion_timestamp.is_some()))
}

/// The name of the kind's definition.
fn crd_name<K: Managed>() -> String {
    format!("{}.{}", K::plural(&()), K::group(&()))
}

async fn namespace_uid<K: Managed>(
    ctx: &Context<K>,
    namespace: &str,
    memory: &Mutex<Memory<K>>,
) -> Result<String, kube::Error> {
    // A manifest cannot outlive its namespace, so what was once read stays true.
    if let Some(uid) = memory::lock(memory).namespace_uid.clone() {
        return Ok(uid);
    }
    let uid = Api::<Namespace>::all(ctx.client.clone()).get(namespace).await?.uid().unwrap_or_default();
    memory::lock(memory).namespace_uid = Some(uid.clone());
    Ok(uid)
}

/// The passwords that the manifest refers to, read now and then. Reading them anew also has the connection Secret checked.
async fn passwords<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    stored: Option<&Stored<K>>,
    memory: &Mutex<Memory<K>>,
    now: jiff::Timestamp,
) -> Result<Passwords, kube::Error> {
    {
        let mut memory = memory::lock(memory);
        if memory.check_at.is_some_and(|moment| moment > now)
            && let Some(passwords) = memory.passwords.clone()
        {
            return Ok(passwords);
        }
        memory.attempts.published = None;
        memory.attempts.connection_conflict = None;
        memory.attempts.database_refused = None;
        // Somebody may have put the password back, or the database may have been too young to know it.
        if memory.attempts.denied.is_some_and(|denied| now >= clock::later(denied.last, TRY_PASSWORDS_AGAIN)) {
            memory.attempts.denied = None;
        }
    }
    let namespace = manifest.namespace().unwrap_or_default();
    let (wanted, current) = manifest.password_refs();
    let wanted = secrets::password(&ctx.client, &namespace, wanted).await?;
    let current = secrets::password(&ctx.client, &namespace, current).await?;
    let known = stored.is_some_and(|stored| stored.record.password.current.is_some());
    let published = if known { None } else { published(ctx, manifest).await? };
    let missing = [&wanted, &current].into_iter().any(|given| matches!(given, Given::Missing(_)));
    let passwords = Passwords { wanted, current, published };
    let mut memory = memory::lock(memory);
    if memory.passwords.as_ref().is_some_and(|before| before.given() != passwords.given()) {
        memory.attempts.denied = None;
        memory.attempts.password_refused = None;
    }
    memory.passwords = Some(passwords.clone());
    let hoped_for = missing || memory.attempts.password_unknown() || memory.attempts.password_refused.is_some();
    let wait = if hoped_for { CHECK_MISSING } else { CHECK_SECRETS };
    memory.check_at = Some(clock::later(now, backoff::spread(wait)));
    Ok(passwords)
}

/// The password in the manifest's own connection Secret; none where that may not be read, as in a namespace that is going.
async fn published<K: Managed>(ctx: &Context<K>, manifest: &K) -> Result<Option<Password>, kube::Error> {
    let Some(binding) = manifest.status().map(K::common_status).and_then(|status| status.binding.as_ref()) else {
        return Ok(None);
    };
    let api = Api::<Secret>::namespaced(ctx.client.clone(), &manifest.namespace().unwrap_or_default());
    let found = match api.get_opt(&binding.name).await {
        Err(kube::Error::Api(status)) if status.is_forbidden() => None,
        other => other?,
    };
    let secret = found.filter(|secret| super::connection::is_ours(secret, manifest));
    let bytes = secret.and_then(|secret| secret.data?.remove("password"));
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes.0).ok()).map(Password::new))
}

/// What other manifests have to do with the clusters that this one may be about.
fn rivals<K: Managed>(
    ctx: &Context<K>,
    manifest: &K,
    stored: Option<&Stored<K>>,
    location: &Location,
    inventory: Option<&Inventory<K>>,
) -> Vec<Rival> {
    let own = name_of::<K>(&manifest.namespace().unwrap_or_default(), &manifest.name_any());
    let by_id = |id: &ClusterId| Handle::Id(id.clone());
    let recorded = stored.and_then(|stored| stored.record.target());
    let reported = manifest.status().and_then(|status| K::common_status(status).external_id.as_ref()).map(by_id);
    let adopted = manifest.common().external_id.as_ref();
    let targets = [Some(manifest.wanted()), manifest.shares(), adopted.map(by_id), recorded, reported];
    let mut targets: BTreeSet<Handle> = targets.into_iter().flatten().collect();
    let bound = stored.is_some_and(|stored| stored.record.bound.is_some());
    // Whoever has the name already is recorded by an id.
    if let (Some(list), false) = (inventory, bound) {
        targets.extend(list.by(&manifest.wanted()).map(|cluster| by_id(cluster.id())));
    }
    let born = stored.and_then(|stored| stored.record.bound.as_ref()).map(|bound| bound.identity.created_at);
    // Somebody may have given the cluster another id, and others have seen it there first.
    let listed = inventory.iter().flat_map(|list| &list.clusters);
    targets.extend(listed.filter(|cluster| born == Some(cluster.created_at())).map(|cluster| by_id(cluster.id())));
    let mut rivals = Vec::new();
    for target in targets {
        for stored in ctx.records.about(location, &target) {
            // What a manifest that is gone has asked for may still come into being.
            let creates = stored.record.bound.is_none() && stored.record.is_creating(ctx.clock.now());
            if stored.name == own || !(creates || ctx.claims(&stored)) {
                continue;
            }
            let record = &stored.record;
            let stake = record.bound.as_ref().map_or(Stake::Creates, |bound| Stake::Claims(bound.identity.created_at));
            rivals.push(Rival {
                namespace: record.owner.namespace.clone(),
                name: record.owner.name.clone(),
                target: target.clone(),
                stake,
            });
        }
    }
    if let Some(id) = adopted.filter(|_| !bound) {
        rivals.extend(inventory.and_then(|list| list.get(id)).and_then(|there| under_another_id(ctx, location, there)));
        rivals.extend(earlier_newcomers(ctx, manifest, location, id));
    }
    rivals
}

/// Whose record is bound to this very database, which has got another id since.
fn under_another_id<K: Managed>(ctx: &Context<K>, location: &Location, there: &K::Cluster) -> Option<Rival> {
    let is_it = |stored: &Arc<Stored<K>>| {
        let bound = stored.record.bound.as_ref().filter(|_| stored.record.location == *location);
        bound.is_some_and(|bound| bound.identity.created_at == there.created_at() && K::could_be(there, &bound.fixed))
    };
    let stored = ctx.records.all().into_iter().find(|stored| is_it(stored) && ctx.claims(stored))?;
    let Owner { namespace, name, .. } = stored.record.owner.clone();
    Some(Rival { namespace, name, target: Handle::Id(there.id().clone()), stake: Stake::Claims(there.created_at()) })
}

fn earlier_newcomers<K: Managed>(ctx: &Context<K>, manifest: &K, location: &Location, id: &ClusterId) -> Vec<Rival> {
    let rank = |manifest: &K| (manifest.creation_timestamp(), manifest.uid());
    let own = rank(manifest);
    let there = |other: &K| {
        let key = AccountKey::of(other);
        let Some(account) = ctx.stores.account_objects.get(&key.object()) else { return false };
        // Who may not adopt, or is not let in, keeps nobody else from it.
        let granted = || granted(account.spec.allowed_namespaces.as_ref(), None).is_some_and(Permits::may_adopt);
        let may = other.namespace().as_ref() == Some(&key.namespace) || granted();
        may && ctx.accounts.is_let_in(&key) && account.spec.location().as_ref() == Ok(location)
    };
    ctx.stores
        .manifests
        .state()
        .iter()
        .filter(|other| other.uid() != manifest.uid() && other.common().external_id.as_ref() == Some(id))
        .filter(|other| other.common().management == Management::Managed && other.meta().deletion_timestamp.is_none())
        .filter(|other| rank(other) < own && there(other))
        .map(|other| Rival {
            namespace: other.namespace().unwrap_or_default(),
            name: other.name_any(),
            target: Handle::Id(id.clone()),
            stake: Stake::EarlierNewcomer,
        })
        .collect()
}
