//! What keeps a replica quiet that stands by. Its watches go on, so that it knows everything when its turn comes, and its
//! controllers see nothing of them: no reconcile runs, so nothing is written and no cloud is asked.

use std::fmt::Debug;
use std::future::ready;
use std::hash::Hash;

use futures::stream::{self, Stream, StreamExt};
use kube::Resource;
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::Store;
use kube::runtime::watcher::{Event, Result};

use super::Gate;

/// What a controller is to look at: nothing until the gate opens, then all that there is, then each change.
pub(super) fn changes<K>(
    events: impl Stream<Item = Result<Event<K>>> + Send + 'static,
    known: Store<K>,
    gate: Gate,
) -> impl Stream<Item = Result<K>> + Send + 'static
where
    K: Resource + Clone + Debug + Send + Sync + 'static,
    K::DynamicType: Eq + Hash + Clone + Send + Sync,
{
    stream::once(async move {
        let mut events = Box::pin(events);
        let (mut opened, mut leads) = (std::pin::pin!(gate.opened()), false);
        // Amid a list, what it has shown already is neither in the store yet nor still to come.
        let mut amid_a_list = true;
        while !leads || amid_a_list {
            tokio::select! {
                () = &mut opened, if !leads => leads = true,
                event = events.next() => match event {
                    Some(Ok(Event::Init)) => amid_a_list = true,
                    Some(Ok(Event::InitDone)) => amid_a_list = false,
                    Some(_) => {}
                    None => std::future::pending().await,
                },
            }
        }
        let there = known.state().into_iter().map(|object| Ok(K::clone(&object)));
        stream::iter(there).chain(events.applied_objects())
    })
    .flatten()
}

/// What `stream` brings from then on, after all that there is `known` by then. What it brought before is dropped.
pub(super) fn from_then_on<T: Send + 'static>(
    stream: impl Stream<Item = T> + Send + 'static,
    gate: Gate,
    known: impl FnOnce() -> Vec<T> + Send + 'static,
) -> impl Stream<Item = T> + Send + 'static {
    stream::once(async move {
        let mut stream = Box::pin(stream);
        stream.by_ref().take_until(gate.opened()).for_each(|_| ready(())).await;
        stream::iter(known()).chain(stream)
    })
    .flatten()
}
