use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep, timeout};

use super::{Budget, CloudError, LONGEST_WAIT, Priority};

/// Moments at which requests got their turn, since the beginning.
type Log = Arc<Mutex<Vec<(Priority, Duration)>>>;

async fn acquire_into(log: &Log, budget: &Budget, priority: Priority, start: Instant) {
    budget.acquire(priority).await.map(drop).unwrap();
    log.lock().unwrap().push((priority, start.elapsed()));
}

fn granted(log: &Log, priority: Priority) -> usize {
    log.lock().unwrap().iter().filter(|(which, _)| *which == priority).count()
}

fn retry_after(error: &CloudError) -> Duration {
    let CloudError::RateLimited { retry_after } = error else { panic!("{error:?} is no rate limit") };
    *retry_after
}

async fn drain_burst(budget: &Budget) {
    while let Ok(permit) = timeout(Duration::from_millis(1), budget.acquire(Priority::Edit)).await {
        permit.map(drop).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_minute_sees_more_than_the_rate_and_a_small_burst() {
    let budget = Budget::spawn(120);
    let start = Instant::now();
    let mut granted = 0;
    while start.elapsed() < Duration::from_secs(600) {
        budget.acquire(Priority::Edit).await.map(drop).unwrap();
        granted += 1;
    }
    assert!((1200..=1211).contains(&granted), "{granted} in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn edits_go_before_polls_and_polls_keep_a_fifth() {
    let budget = Budget::spawn(120);
    drain_burst(&budget).await;
    let (log, start) = (Log::default(), Instant::now());
    let polls = (0..6).map(|_| acquire_into(&log, &budget, Priority::Poll, start));
    let edits = (0..24).map(|_| acquire_into(&log, &budget, Priority::Edit, start));
    futures::join!(join_all(polls), join_all(edits));
    let log = log.lock().unwrap();
    for group in log.chunks(5) {
        let polls = group.iter().filter(|(which, _)| *which == Priority::Poll).count();
        assert_eq!(polls, 1, "one in five, though the polls came first: {log:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn polls_may_use_what_edits_leave() {
    let budget = Budget::spawn(120);
    let (log, start) = (Log::default(), Instant::now());
    join_all((0..40).map(|_| acquire_into(&log, &budget, Priority::Poll, start))).await;
    assert_eq!(granted(&log, Priority::Poll), 40);
    assert!(start.elapsed() <= Duration::from_secs(16), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_is_told_when_to_come_back() {
    let budget = Budget::spawn(60);
    let outcomes = join_all((0..100).map(|_| budget.acquire(Priority::Edit))).await;
    let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(retry_after).collect();
    assert_eq!(outcomes.len() - refused.len(), 5 + 20, "the burst, and one a second for as long as anyone waits");
    assert!(refused.iter().all(|wait| *wait > LONGEST_WAIT && *wait < LONGEST_WAIT * 2), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn callers_that_give_up_cost_nothing() {
    let budget = Budget::spawn(60);
    drain_burst(&budget).await;
    for _ in 0..20 {
        assert!(timeout(Duration::from_millis(1), budget.acquire(Priority::Edit)).await.is_err());
    }
    let start = Instant::now();
    budget.acquire(Priority::Edit).await.map(drop).unwrap();
    assert!(
        start.elapsed() <= Duration::from_secs(1),
        "it came at once behind 20 that had left: {:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_closing_refuses_everyone_at_once_and_then_lets_them_through_one_by_one() {
    let budget = Budget::spawn(120);
    drain_burst(&budget).await;
    let waiting = budget.clone();
    let waiting = tokio::spawn(async move { waiting.acquire(Priority::Poll).await });
    sleep(Duration::from_millis(1)).await;
    budget.close_for(Duration::from_secs(60));
    let start = Instant::now();
    for error in [waiting.await.unwrap().unwrap_err(), budget.acquire(Priority::Edit).await.unwrap_err()] {
        let wait = retry_after(&error);
        assert!(wait > Duration::from_secs(59) && wait <= Duration::from_secs(61), "{wait:?}");
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "nobody waits to be refused");
    assert_eq!(budget.closed_for(), Some(Duration::from_secs(60)));

    sleep(Duration::from_secs(55)).await;
    let log = Log::default();
    join_all((0..20).map(|_| acquire_into(&log, &budget, Priority::Edit, start))).await;
    assert_eq!(budget.closed_for(), None);
    let log = log.lock().unwrap();
    assert!(log[0].1 >= Duration::from_secs(60), "{log:?}");
    assert!(log.windows(2).all(|pair| pair[0].1 + Duration::from_millis(499) <= pair[1].1), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closing_is_never_shortened_and_never_longer_than_ten_minutes() {
    let budget = Budget::spawn(120);
    budget.close_for(Duration::from_secs(24 * 3600));
    budget.close_for(Duration::from_secs(1));
    assert_eq!(budget.closed_for(), Some(Duration::from_secs(600)));
    sleep(Duration::from_secs(600)).await;
    assert!(budget.acquire(Priority::Poll).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_new_rate_holds_for_those_who_wait_already() {
    let budget = Budget::spawn(6);
    budget.acquire(Priority::Edit).await.map(drop).unwrap();
    let (log, start) = (Log::default(), Instant::now());
    let waiting = acquire_into(&log, &budget, Priority::Edit, start);
    let raise = async {
        sleep(Duration::from_secs(1)).await;
        budget.set_rate(600);
    };
    futures::join!(waiting, raise);
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(2), "10 s at the old rate: {waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_is_one_a_minute() {
    let budget = Budget::spawn(0);
    budget.acquire(Priority::Edit).await.map(drop).unwrap();
    assert_eq!(retry_after(&budget.acquire(Priority::Edit).await.unwrap_err()), Duration::from_secs(60));
}
