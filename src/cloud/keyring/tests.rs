use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use rstest::rstest;
use secrecy::SecretString;
use tokio::time::sleep;

use super::{Deed, Key, KeyState, Keyring};
use crate::api::identity::{ClusterId, Endpoint, Location};
use crate::clock::Clock;
use crate::cloud::budget::{Budget, Priority};
use crate::cloud::call::WRITE_DEADLINE;
use crate::cloud::cratedb::client::Client;
use crate::cloud::credential::Credential;
use crate::cloud::error::CloudError;
use crate::cloud::provider::{Provider, Way};
use crate::cloud::test_support::{Scripted, json};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the cloud answers to each key at present: to reads, and to writes.
type Moods = Arc<Mutex<[(u16, u16); 2]>>;

/// A keyring of two keys, and who was asked so far.
struct Ring {
    keyring: Keyring<Client>,
    transport: Scripted,
    moods: Moods,
    told: Arc<AtomicUsize>,
}

impl Ring {
    fn of(first: (u16, u16), second: (u16, u16)) -> Self {
        let moods = Moods::new(Mutex::new([first, second]));
        let told = Arc::<AtomicUsize>::default();
        let (present, count) = (Arc::clone(&moods), Arc::clone(&told));
        let transport = Scripted::new(move |request| {
            let [first, second] = *present.lock().unwrap();
            let (read, write) =
                if by_first(request.headers()[AUTHORIZATION].to_str().unwrap()) { first } else { second };
            let status = if request.method() == http::Method::GET { read } else { write };
            let body = if status == 200 { "[]" } else { r#"{"message": "No.", "success": false}"# };
            Ok(json(status, body))
        });
        let keys = ["first", "second"].map(|id| Arc::new(Key::new(id.to_owned(), client(&transport, id))));
        let keyring = Keyring::new(
            keys.into(),
            Arc::new(move || {
                count.fetch_add(1, Ordering::SeqCst);
            }),
        );
        Self { keyring, transport, moods, told }
    }

    fn now(&self, first: (u16, u16), second: (u16, u16)) {
        *self.moods.lock().unwrap() = [first, second];
    }

    async fn list(&self) -> Result<String, CloudError> {
        self.keyring.list(Priority::Poll).await.map(|by| by.credential)
    }

    async fn destroy(&self, id: &str) -> Result<String, CloudError> {
        let id = &ClusterId::new(id);
        let permit = Budget::spawn(6000).acquire(Priority::Edit).await.unwrap();
        let deed = Deed::write("destroy", Some(id));
        let answer = self
            .keyring
            .write(&deed, permit, |client, permit| async move { Provider::destroy(&client, permit, id).await });
        answer.await.map(|by| by.credential)
    }

    fn states(&self) -> [KeyState; 2] {
        [0, 1].map(|number| self.keyring.keys[number].state())
    }

    /// As whom the cloud was asked since the last time, one letter each.
    fn asked(&self, before: &mut usize) -> String {
        let seen = self.transport.seen().split_off(*before);
        *before += seen.len();
        seen.iter().map(|seen| if by_first(&seen.authorization) { '1' } else { '2' }).collect()
    }
}

fn by_first(authorization: &str) -> bool {
    let pair = STANDARD.decode(authorization.trim_start_matches("Basic ")).unwrap();
    pair.starts_with(b"first:")
}

fn client(transport: &Scripted, id: &str) -> Client {
    let location =
        Location::CratedbCloud { endpoint: Endpoint::new("https://cloud.test"), organization: "acme".into() };
    let way = Way {
        transport: Arc::new(transport.clone()),
        budget: Budget::spawn(6000),
        credential: Credential::new(id, &SecretString::from("secret")),
        location,
        clock: Clock::system(),
        observer: Arc::new(()),
    };
    Client::connect(way).unwrap()
}

const WELL: (u16, u16) = (200, 200);
const DEAD: (u16, u16) = (401, 401);
const READER: (u16, u16) = (200, 403);
const WRITER: (u16, u16) = (403, 200);

#[rstest]
#[case::both_well(WELL, WELL, Some("first"), [KeyState::Accepted, KeyState::Untried])]
#[case::first_dead(DEAD, WELL, Some("second"), [KeyState::Rejected, KeyState::Accepted])]
#[case::first_may_not_list(WRITER, WELL, Some("second"), [KeyState::Insufficient, KeyState::Accepted])]
#[case::first_sees_no_such_place((404, 404), WELL, Some("second"), [KeyState::Insufficient, KeyState::Accepted])]
#[case::both_dead(DEAD, DEAD, None, [KeyState::Rejected, KeyState::Rejected])]
#[tokio::test(start_paused = true)]
async fn the_first_that_is_accepted_lists(
    #[case] first: (u16, u16),
    #[case] second: (u16, u16),
    #[case] by: Option<&str>,
    #[case] states: [KeyState; 2],
) {
    let ring = Ring::of(first, second);
    assert_eq!(ring.list().await.ok().as_deref(), by);
    assert_eq!(ring.states(), states);
    assert_eq!(ring.keyring.active().map(|key| key.name()), by);
    assert!(ring.told.load(Ordering::SeqCst) > 0, "nobody was told");
}

#[tokio::test(start_paused = true)]
async fn a_silent_cloud_is_not_asked_as_one_after_the_other() {
    let ring = Ring::of((503, 503), WELL);
    assert!(matches!(ring.list().await, Err(CloudError::Unavailable { .. })));
    assert!(matches!(ring.destroy("orders").await, Err(CloudError::UnknownOutcome { .. })));
    assert_eq!(ring.asked(&mut 0), "11", "what may have had its effect is not repeated");
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_credential_is_left_and_taken_up_again() {
    let ring = Ring::of(WELL, WELL);
    let mut before = 0;
    ring.list().await.unwrap();
    ring.now(DEAD, WELL);
    assert_eq!(ring.list().await.unwrap(), "second", "the call itself goes on");
    assert_eq!(ring.list().await.unwrap(), "second");
    assert_eq!(ring.destroy("orders").await.unwrap(), "second");
    assert_eq!(ring.asked(&mut before), "11222", "it is not asked as the withdrawn one each time");
    sleep(MINUTE).await;
    assert_eq!(ring.destroy("orders").await.unwrap(), "second");
    assert_eq!(ring.asked(&mut before), "2", "no write is held up to try it");
    assert_eq!(ring.list().await.unwrap(), "second");
    assert_eq!(ring.asked(&mut before), "12", "a read tries it");
    ring.now(WELL, WELL);
    sleep(MINUTE * 5).await;
    assert_eq!(ring.list().await.unwrap(), "first");
    assert_eq!(ring.states(), [KeyState::Accepted, KeyState::Accepted]);
}

#[tokio::test(start_paused = true)]
async fn one_reads_and_the_other_writes() {
    let ring = Ring::of(READER, WRITER);
    let mut before = 0;
    assert_eq!(ring.list().await.unwrap(), "first");
    assert_eq!(ring.destroy("orders").await.unwrap(), "second");
    assert_eq!(ring.destroy("orders").await.unwrap(), "second");
    assert_eq!(ring.asked(&mut before), "1122", "what the first may not is remembered");
    assert_eq!(ring.destroy("sales").await.unwrap(), "second");
    assert_eq!(ring.asked(&mut before), "12", "of one cluster, for rights differ");
    sleep(MINUTE * 61).await;
    assert_eq!(ring.destroy("orders").await.unwrap(), "second");
    assert_eq!(ring.asked(&mut before), "12", "and for an hour");
}

#[rstest]
#[case::neither_may(READER, READER)]
#[case::one_is_unknown(READER, DEAD)]
#[case::one_is_unknown_the_other_way_round(DEAD, READER)]
#[tokio::test(start_paused = true)]
async fn what_nobody_may_is_forbidden(#[case] first: (u16, u16), #[case] second: (u16, u16)) {
    let ring = Ring::of(first, second);
    assert!(matches!(ring.destroy("orders").await, Err(CloudError::Forbidden { .. })));
    let mut before = 2;
    assert!(matches!(ring.destroy("orders").await, Err(CloudError::Forbidden { .. })));
    assert!(!ring.asked(&mut before).is_empty(), "its rights may have changed: somebody is asked");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_does_not_count_as_being_let_in() {
    let ring = Ring::of((403, 403), WELL);
    ring.list().await.unwrap();
    assert_eq!(ring.keyring.accepted(), ["second"], "who may do nothing has proved nothing");
}

#[tokio::test(start_paused = true)]
async fn an_unused_credential_is_tried_at_once_and_at_least_weekly() {
    let ring = Ring::of(WELL, WELL);
    let mut before = 0;
    ring.list().await.unwrap();
    ring.keyring.exercise().await;
    assert_eq!(ring.asked(&mut before), "12");
    assert_eq!(ring.keyring.accepted(), ["first", "second"]);
    let mut exercised = 0;
    for _hour in 0..21 * 24 {
        sleep(DAY / 24).await;
        ring.list().await.unwrap();
        ring.keyring.exercise().await;
        exercised += ring.asked(&mut before).matches('2').count();
        assert!(ring.keyring.keys[1].idle().unwrap() < DAY * 7);
    }
    assert!((3..=5).contains(&exercised), "{exercised} times in three weeks");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_write_has_only_the_time_of_the_first() {
    let slow = Scripted::slow(|_| (WRITE_DEADLINE * 2 / 3, Ok(json(403, r#"{"message": "No.", "success": false}"#))));
    let keys = ["first", "second", "third"].map(|id| Arc::new(Key::new(id.to_owned(), client(&slow, id))));
    let keyring = Keyring::new(keys.into(), Arc::new(|| ()));
    let permit = Budget::spawn(6000).acquire(Priority::Edit).await.unwrap();
    let id = &ClusterId::new("orders");
    let begun = tokio::time::Instant::now();
    let deed = Deed::write("destroy", Some(id));
    let answer =
        keyring.write(&deed, permit, |client, permit| async move { Provider::destroy(&client, permit, id).await });
    assert!(matches!(answer.await, Err(CloudError::UnknownOutcome { .. })));
    assert!(begun.elapsed() <= WRITE_DEADLINE, "{:?}", begun.elapsed());
    assert_eq!(slow.count(), 2);
}
