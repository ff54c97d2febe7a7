//! What the clusters of a location cost. Nobody waits for it, so that it is asked in the pauses: one question in a turn.

use std::collections::HashSet;
use std::time::Duration;

use super::poll::Poller;
use crate::cloud::budget::Priority;
use crate::cloud::keyring::Deed;
use crate::cloud::provider::Provider;
use crate::controller::clouds::Managed;
use crate::plan::{Answered, CloudCluster};

/// A price is asked again after this long, and after this where there was none.
const PRICE_LASTS: Duration = Duration::from_secs(24 * 60 * 60);
const ASK_AGAIN: Duration = Duration::from_secs(60 * 60);

impl<K: Managed> Poller<K> {
    /// Asks for the price of one sort of clusters for which it is not known, and wakes those that it concerns.
    pub(super) async fn appraise(&self) {
        let (Some(list), Some(keyring)) = (self.place.inventory(), self.keyring()) else { return };
        let now = self.clock.now();
        let known = self.place.answers();
        let is_due = |question: &K::Question| {
            let lasting = |told: &Answered<K>| if told.answer.is_some() { PRICE_LASTS } else { ASK_AGAIN };
            known.get(question).is_none_or(|told| now >= crate::clock::later(told.at, lasting(told)))
        };
        let Some(question) = list.clusters.iter().filter_map(K::appraisal).find(is_due) else { return };
        let ask = |client: K::Client| {
            let question = &question;
            async move { client.ask(question, Priority::Poll).await }
        };
        let answer = keyring.ask(&Deed::question(&question), ask).await.map(|by| by.value);
        if let Err(error) = &answer {
            tracing::debug!(?question, %error, "a price is not known");
        }
        let before = known.get(&question).and_then(|told| told.answer.clone());
        // What was known stays known while the cloud has nothing to say.
        let told = Answered { at: now, answer: answer.ok().or_else(|| before.clone()) };
        let is_news = told.answer != before;
        self.place.learn(question.clone(), told);
        if is_news {
            let concerned = list.clusters.iter().filter(|cluster| K::appraisal(cluster).as_ref() == Some(&question));
            let concerned: HashSet<_> = concerned.flat_map(CloudCluster::handles).collect();
            self.wake_concerned(&concerned).await;
        }
    }
}
