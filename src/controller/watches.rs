//! Watching one kind in several namespaces as if it were one watch.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{self, BoxStream, StreamExt};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::sync;

/// Load balancers drop idle watches silently, so each is asked for anew before that (seconds).
const WATCH_TIMEOUT: u32 = 200;

/// The settings of every watch.
pub(crate) fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_TIMEOUT)
}

/// Whether a watch has brought its first list. A store's own word for that wakes only the last of several who wait for it.
#[derive(Clone, Debug)]
pub(crate) struct Listed(sync::watch::Receiver<bool>);

impl Listed {
    /// The ending that waits, and what notes the events of the watch.
    pub(crate) fn pair<K>() -> (Self, impl Fn(&Event<K>)) {
        let (sender, receiver) = sync::watch::channel(false);
        let note = move |event: &Event<K>| {
            if matches!(event, Event::InitDone) {
                sender.send_replace(true);
            }
        };
        (Self(receiver), note)
    }

    /// Waits for the list; a watch that is gone belongs to a process that is ending.
    pub(crate) async fn wait(&self) {
        self.0.clone().wait_for(|listed| *listed).await.ok();
    }
}

/// The namespaces in which a kind may not be listed so far: what is not shown there is not gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unseen(Arc<Mutex<BTreeSet<String>>>);

impl Unseen {
    pub(crate) fn contains(&self, namespace: &str) -> bool {
        self.lock().contains(namespace)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Events<K> = BoxStream<'static, watcher::Result<Event<K>>>;

/// Watches a kind in these namespaces, or in all where none is named. One that may not be listed holds up none of the others,
/// and is among the `unseen` until it may.
pub(crate) fn watch_in<K>(client: &Client, namespaces: &[String], unseen: &Unseen) -> Events<K>
where
    K: Resource<Scope = kube::core::NamespaceResourceScope> + Clone + DeserializeOwned + Debug + Send + 'static,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    if namespaces.is_empty() {
        return watch(Api::all(client.clone()), config()).default_backoff().boxed();
    }
    let watches = namespaces.iter().map(|namespace| {
        let api = Api::<K>::namespaced(client.clone(), namespace);
        (namespace.clone(), watch(api, config()).default_backoff().boxed())
    });
    merge(watches.collect(), unseen.clone())
}

/// Turns several watches into one: its first list is complete when each of them has brought its own, or may not.
fn merge<K>(watches: Vec<(String, Events<K>)>, unseen: Unseen) -> Events<K>
where
    K: Resource + Clone + Send + 'static,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    let (namespaces, watches): (Vec<String>, Vec<Events<K>>) = watches.into_iter().unzip();
    let parts: Vec<Part<K>> = namespaces.into_iter().map(Part::of).collect();
    let mut merger = Merger { listing: parts.len(), parts, gone: Vec::new(), unseen };
    let numbered =
        watches.into_iter().enumerate().map(|(number, watch)| watch.map(move |event| (number, event)).boxed());
    let events = stream::select_all(numbered).flat_map(move |(number, event)| {
        stream::iter(match event {
            Ok(event) => merger.take(number, event).into_iter().map(Ok).collect::<Vec<_>>(),
            Err(error) => {
                let passed = if may_not_list(&error) { merger.pass_over(number) } else { Vec::new() };
                std::iter::once(Err(error)).chain(passed.into_iter().map(Ok)).collect()
            }
        })
    });
    stream::once(async { Ok(Event::Init) }).chain(events).boxed()
}

fn may_not_list(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::InitialListFailed(kube::Error::Api(status)) if status.is_forbidden())
}

/// What each part of a merged watch has shown.
struct Merger<K: Resource>
where
    K::DynamicType: Eq + Hash + Clone,
{
    /// How many parts the first list still waits for.
    listing: usize,
    parts: Vec<Part<K>>,
    /// What went while others were still listing.
    gone: Vec<K>,
    unseen: Unseen,
}

struct Part<K: Resource>
where
    K::DynamicType: Eq + Hash + Clone,
{
    namespace: String,
    known: HashMap<ObjectRef<K>, K>,
    listed: HashMap<ObjectRef<K>, K>,
    /// Whether the first list of all waits for this one.
    awaited: bool,
}

impl<K: Resource> Part<K>
where
    K::DynamicType: Eq + Hash + Clone,
{
    fn of(namespace: String) -> Self {
        Self { namespace, known: HashMap::new(), listed: HashMap::new(), awaited: true }
    }
}

impl<K> Merger<K>
where
    K: Resource + Clone,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    fn take(&mut self, number: usize, event: Event<K>) -> Vec<Event<K>> {
        let Some(part) = self.parts.get_mut(number) else {
            return Vec::new();
        };
        match event {
            Event::Init => {
                part.listed.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                part.listed.insert(ObjectRef::from_obj(&object), object.clone());
                vec![self.shows(object)]
            }
            Event::InitDone => self.listed(number),
            Event::Apply(object) => {
                part.known.insert(ObjectRef::from_obj(&object), object.clone());
                vec![self.shows(object)]
            }
            Event::Delete(object) => {
                part.known.remove(&ObjectRef::from_obj(&object));
                self.lacks(object).into_iter().collect()
            }
        }
    }

    fn shows(&self, object: K) -> Event<K> {
        if self.listing > 0 { Event::InitApply(object) } else { Event::Apply(object) }
    }

    fn lacks(&mut self, object: K) -> Option<Event<K>> {
        if self.listing > 0 {
            self.gone.push(object);
            return None;
        }
        Some(Event::Delete(object))
    }

    /// A part's list is complete: what it no longer shows is gone.
    fn listed(&mut self, number: usize) -> Vec<Event<K>> {
        let part = &mut self.parts[number];
        let listed = std::mem::take(&mut part.listed);
        let before = std::mem::replace(&mut part.known, listed);
        let missing: Vec<K> =
            before.into_iter().filter(|(key, _)| !part.known.contains_key(key)).map(|(_, object)| object).collect();
        self.unseen.lock().remove(&part.namespace);
        let mut events: Vec<Event<K>> = missing.into_iter().filter_map(|object| self.lacks(object)).collect();
        events.extend(self.awaits_no_more(number));
        events
    }

    /// A part may not be listed: its namespace may be gone, or its owner has taken the permission away.
    fn pass_over(&mut self, number: usize) -> Vec<Event<K>> {
        let part = &self.parts[number];
        if part.awaited {
            self.unseen.lock().insert(part.namespace.clone());
        }
        self.awaits_no_more(number)
    }

    fn awaits_no_more(&mut self, number: usize) -> Vec<Event<K>> {
        if !std::mem::replace(&mut self.parts[number].awaited, false) {
            return Vec::new();
        }
        self.listing -= 1;
        if self.listing > 0 {
            return Vec::new();
        }
        let gone = std::mem::take(&mut self.gone).into_iter().map(Event::Delete);
        std::iter::once(Event::InitDone).chain(gone).collect()
    }
}
