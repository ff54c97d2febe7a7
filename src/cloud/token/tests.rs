use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use tokio::time::{Instant, sleep};

use super::{Exchange, Grant, TokenSource, lifetime};
use crate::clock::Clock;
use crate::cloud::error::CloudError;
use crate::cloud::observer::Observer;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// An exchange that takes its time and then brings what `outcome` makes of the number of the attempt.
#[derive(Clone)]
struct Fake {
    takes: Duration,
    attempts: Arc<AtomicUsize>,
    outcome: Arc<dyn Fn(usize) -> Result<Grant, CloudError> + Send + Sync>,
}

impl Fake {
    fn new(outcome: impl Fn(usize) -> Result<Grant, CloudError> + Send + Sync + 'static) -> Self {
        Self { takes: Duration::from_millis(500), attempts: Arc::default(), outcome: Arc::new(outcome) }
    }

    /// Brings opaque tokens.
    fn opaque() -> Self {
        Self::new(|attempt| Ok(grant(&format!("token-{attempt}"))))
    }

    fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }

    fn source(&self) -> TokenSource {
        TokenSource::spawn(self.clone(), clock())
    }
}

impl Exchange for Fake {
    fn exchange(&self) -> BoxFuture<'_, Result<Grant, CloudError>> {
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        async move {
            sleep(self.takes).await;
            (self.outcome)(attempt)
        }
        .boxed()
    }
}

fn now() -> Timestamp {
    "2030-01-01T00:00:00Z".parse().unwrap()
}

fn clock() -> Clock {
    Clock::anchored(now())
}

fn grant(token: &str) -> Grant {
    Grant { token: token.into(), date: None }
}

fn jwt(claims: &serde_json::Value) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn unavailable() -> CloudError {
    CloudError::Unavailable { message: "down".to_owned() }
}

fn wrong_pair() -> CloudError {
    CloudError::Unauthenticated { message: "no such pair".to_owned() }
}

/// Asks for a token every minute of `span`, and counts those who got none.
async fn poll_each_minute(source: &TokenSource, span: Duration) -> usize {
    let (start, mut failures) = (Instant::now(), 0);
    while start.elapsed() < span {
        failures += usize::from(source.token().await.is_err());
        sleep(MINUTE).await;
    }
    failures
}

#[tokio::test(start_paused = true)]
async fn a_day_of_polling_takes_one_exchange_for_every_48_minutes() {
    let fake = Fake::opaque();
    assert_eq!(poll_each_minute(&fake.source(), HOUR * 24).await, 0);
    // The first at once; each next one with the first poll that comes 48 minutes after the last: 1440 / 48.
    assert_eq!(fake.attempts(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_day_without_callers_takes_no_exchange() {
    let fake = Fake::opaque();
    let source = fake.source();
    sleep(HOUR * 24).await;
    assert_eq!(fake.attempts(), 0);
    source.token().await.unwrap();
    assert_eq!(fake.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_share_one_exchange() {
    let fake = Fake::opaque();
    let source = fake.source();
    let tokens = join_all((0..1000).map(|_| source.token())).await;
    assert_eq!(fake.attempts(), 1);
    assert!(tokens.iter().all(|token| token.as_ref().unwrap().expose() == "token-1"));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_renewal_while_the_old_token_is_good() {
    let fake = Fake::opaque();
    let source = fake.source();
    source.token().await.unwrap();
    sleep(HOUR.mul_f64(0.8)).await;
    let asked = Instant::now();
    assert_eq!(source.token().await.unwrap().expose(), "token-1");
    assert_eq!(asked.elapsed(), Duration::ZERO);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(source.token().await.unwrap().expose(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_exchange_shorter_than_the_rest_of_the_tokens_life_goes_unnoticed() {
    let start = Instant::now();
    // It fails from minute 40 to minute 58; the token is due for renewal at minute 48, and expires at minute 60.
    let fake = Fake::new(move |attempt| match start.elapsed() {
        at if (MINUTE * 40..MINUTE * 58).contains(&at) => Err(unavailable()),
        _ => Ok(grant(&format!("token-{attempt}"))),
    });
    assert_eq!(poll_each_minute(&fake.source(), HOUR * 3).await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_never_given() {
    let fake = Fake::new(|attempt| if attempt == 1 { Ok(grant("token-1")) } else { Err(unavailable()) });
    let source = fake.source();
    source.token().await.unwrap();
    let start = Instant::now();
    while start.elapsed() < MINUTE * 59 {
        assert_eq!(source.token().await.unwrap().expose(), "token-1");
        sleep(MINUTE).await;
    }
    sleep(MINUTE).await;
    assert_eq!(source.token().await.unwrap_err(), unavailable());
}

#[tokio::test(start_paused = true)]
async fn many_rejections_of_one_token_cause_one_renewal() {
    let fake = Fake::opaque();
    let source = fake.source();
    let calls = join_all((0..1000).map(|_| async {
        let token = source.token().await.unwrap();
        sleep(Duration::from_millis(rand::random_range(0..5000))).await;
        source.rejected(&token).await;
        source.token().await.unwrap()
    }));
    let renewed = calls.await;
    assert_eq!(fake.attempts(), 2);
    assert!(renewed.iter().all(|token| token.expose() == "token-2"));
}

#[tokio::test(start_paused = true)]
async fn a_late_rejection_of_a_former_token_changes_nothing() {
    let fake = Fake::opaque();
    let source = fake.source();
    let former = source.token().await.unwrap();
    source.rejected(&former).await;
    source.token().await.unwrap();
    sleep(MINUTE * 2).await;
    source.rejected(&former).await;
    assert_eq!(source.token().await.unwrap().expose(), "token-2");
    assert_eq!(fake.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_rejects_all_of_its_tokens_is_asked_once_a_minute() {
    let fake = Fake::opaque();
    let source = fake.source();
    let start = Instant::now();
    while start.elapsed() < MINUTE * 10 {
        let token = source.token().await.unwrap();
        source.rejected(&token).await;
        sleep(Duration::from_secs(1)).await;
    }
    assert!((10..=12).contains(&fake.attempts()), "{} exchanges", fake.attempts());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_pair_is_not_hammered_with() {
    let fake = Fake::new(|_| Err(wrong_pair()));
    let source = fake.source();
    let start = Instant::now();
    while start.elapsed() < HOUR {
        assert_eq!(source.token().await.unwrap_err(), wrong_pair());
        sleep(Duration::from_millis(100)).await;
    }
    // 30 s, 1, 2 and 4 minutes, then every 5, and up to a fifth more often for the jitter.
    assert!((14..=20).contains(&fake.attempts()), "{} exchanges", fake.attempts());
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_over_soon_after_it_ends() {
    let start = Instant::now();
    let fake = Fake::new(move |_| if start.elapsed() < MINUTE * 5 { Err(unavailable()) } else { Ok(grant("token")) });
    let source = fake.source();
    while source.token().await.is_err() {
        sleep(Duration::from_millis(100)).await;
    }
    assert!(start.elapsed() <= MINUTE * 6 + Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(fake.attempts() <= 16, "{} exchanges", fake.attempts());
}

#[tokio::test(start_paused = true)]
async fn a_failed_exchange_answers_everyone_who_waited_for_it() {
    let fake = Fake::new(|_| Err(unavailable()));
    let source = fake.source();
    let outcomes = join_all((0..1000).map(|_| source.token())).await;
    assert_eq!(fake.attempts(), 1);
    assert!(outcomes.iter().all(|outcome| *outcome == Err(unavailable())));
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_of_the_exchange_is_kept_to() {
    let retry_after = Duration::from_secs(90);
    let fake = Fake::new(move |attempt| match attempt {
        1 => Err(CloudError::RateLimited { retry_after }),
        _ => Ok(grant("token")),
    });
    let source = fake.source();
    let start = Instant::now();
    while source.token().await.is_err() {
        sleep(Duration::from_secs(1)).await;
    }
    assert!(start.elapsed() >= retry_after, "{:?}", start.elapsed());
    assert_eq!(fake.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_off_renews_as_often_as_any_other() {
    for hours_off in [-5, 5] {
        let started = Instant::now();
        // The server's clock is right, and moves on; ours is hours away.
        let server = move || now() + SignedDuration::from_hours(hours_off) + started.elapsed();
        let fake = Fake::new(move |_| {
            let exp = (server() + HOUR).as_second();
            let token = jwt(&serde_json::json!({ "exp": exp })).into();
            Ok(Grant { token, date: Some(server()) })
        });
        assert_eq!(poll_each_minute(&fake.source(), HOUR * 24).await, 0);
        assert_eq!(fake.attempts(), 30, "{hours_off} hours off");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tokens_life_counts_from_before_its_request() {
    // The server makes the token as the request arrives, and answers ten minutes later.
    let fake = Fake { takes: MINUTE * 10, ..Fake::opaque() };
    let source = fake.source();
    source.token().await.unwrap();
    sleep(MINUTE * 37).await;
    source.token().await.unwrap();
    assert_eq!(fake.attempts(), 1, "47 minutes after the request");
    sleep(MINUTE).await;
    source.token().await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(fake.attempts(), 2, "48 minutes after the request");
}

#[rstest]
#[case::opaque("token", None, 3600)]
#[case::no_expiry(&jwt(&serde_json::json!({ "sub": "x" })), None, 3600)]
#[case::our_clock(&jwt(&serde_json::json!({ "exp": now().as_second() + 1200 })), None, 1200)]
#[case::issued_at(&jwt(&serde_json::json!({ "iat": 1000, "exp": 2500 })), None, 1500)]
#[case::servers_date(&jwt(&serde_json::json!({ "iat": 1000, "exp": 2500 })), Some(1600), 900)]
#[case::fraction(&jwt(&serde_json::json!({ "iat": 1000.5, "exp": 2500.5 })), None, 1500)]
#[case::already_expired(&jwt(&serde_json::json!({ "exp": 1000 })), Some(9000), 3600)]
#[case::servers_clocks_disagree(&jwt(&serde_json::json!({ "iat": 1000, "exp": 2500 })), Some(9000), 1500)]
#[case::endless(&jwt(&serde_json::json!({ "exp": 1e300 })), Some(1000), 3600)]
#[case::very_long(&jwt(&serde_json::json!({ "iat": 0, "exp": 10_000_000 })), None, 86_400)]
#[case::text(&jwt(&serde_json::json!({ "exp": "tomorrow" })), None, 3600)]
#[case::padded(&format!("e30.{}=.c2ln", URL_SAFE_NO_PAD.encode(r#"{"iat":0,"exp":77}"#)), None, 77)]
#[case::no_base64("a.!!!.c", None, 3600)]
fn the_life_of_a_token(#[case] token: &str, #[case] date: Option<i64>, #[case] seconds: u64) {
    let date = date.map(|second| Timestamp::from_second(second).unwrap());
    assert_eq!(lifetime::of_token(token, date, now()), Duration::from_secs(seconds));
}

#[rstest]
#[case("")]
#[case("   ")]
#[case("<html><title>Gateway</title></html>")]
#[case("two words")]
#[case("line\r\nfeed")]
#[case("tökén")]
#[tokio::test(start_paused = true)]
async fn what_is_no_token_is_not_used_as_one(#[case] text: &'static str) {
    let outcome = Fake::new(move |_| Ok(grant(text))).source().token().await;
    assert_eq!(outcome.unwrap_err().kind(), "protocol");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_trimmed_and_never_printed() {
    let token = Fake::new(|_| Ok(grant(" s3cr3t\n"))).source().token().await.unwrap();
    assert_eq!(token.authorization().to_str().unwrap(), "Bearer s3cr3t");
    let printed = format!("{token:?} {:?} {:?}", token.authorization(), grant("s3cr3t"));
    assert!(!printed.contains("s3cr3t"), "{printed}");
}

#[derive(Debug, Default)]
struct Recorder {
    requests: Mutex<Vec<(&'static str, &'static str)>>,
    lives: Mutex<Vec<Duration>>,
}

impl Observer for Recorder {
    fn request(&self, operation: &'static str, outcome: &'static str) {
        self.requests.lock().unwrap().push((operation, outcome));
    }

    fn waited(&self, _wait: Duration) {}

    fn token(&self, life: Duration) {
        self.lives.lock().unwrap().push(life);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_every_exchange_and_how_long_its_token_lives() {
    let exchange = Fake::new(|attempt| match attempt {
        1 => Err(CloudError::Unavailable { message: "down".to_owned() }),
        _ => Ok(grant("token")),
    });
    let recorder = Arc::new(Recorder::default());
    let source = TokenSource::observed(exchange.clone(), clock(), recorder.clone());
    source.token().await.unwrap_err();
    sleep(MINUTE).await;
    source.token().await.unwrap();
    assert_eq!(*recorder.requests.lock().unwrap(), [("token", "unavailable"), ("token", "ok")]);
    let lives: Vec<Duration> = recorder.lives.lock().unwrap().iter().map(|life| *life + exchange.takes).collect();
    assert_eq!(lives, [lifetime::DEFAULT]);
}
