//! Reconciles, under controller-runtime's names.

use std::sync::Arc;
use std::time::Instant;

use kube::runtime::controller::Action;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::Metrics;

/// The buckets of controller-runtime's work queue, in seconds, as far as a reconcile can last.
const SECONDS: [f64; 13] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    name: &'static str,
}

#[derive(Debug)]
pub(super) struct Reconciles {
    ended: Family<Ended, Counter>,
    errors: Family<Controller, Counter>,
    lengths: Family<Controller, Histogram>,
    active: Family<Controller, Gauge>,
    most: Family<Controller, Gauge>,
    work: Family<Queue, Histogram>,
    retries: Family<Queue, Counter>,
}

impl Reconciles {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let own = Self {
            ended: Family::default(),
            errors: Family::default(),
            lengths: Family::new_with_constructor(seconds),
            active: Family::default(),
            most: Family::default(),
            work: Family::new_with_constructor(seconds),
            retries: Family::default(),
        };
        registry.register("controller_runtime_reconcile", "Reconciles, by controller and result", own.ended.clone());
        registry.register("controller_runtime_reconcile_errors", "Reconciles that failed", own.errors.clone());
        registry.register("controller_runtime_reconcile_time_seconds", "Length of a reconcile", own.lengths.clone());
        registry.register("controller_runtime_active_workers", "Reconciles under way", own.active.clone());
        registry.register(
            "controller_runtime_max_concurrent_reconciles",
            "The most reconciles that can be under way at once",
            own.most.clone(),
        );
        registry.register("workqueue_work_duration_seconds", "Length of the work on one object", own.work.clone());
        registry.register("workqueue_retries", "Objects taken up again because of an error", own.retries.clone());
        own
    }
}

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

/// A reconcile that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    metrics: Arc<Metrics>,
    controller: &'static str,
    started: Instant,
}

impl Running {
    /// Counts how it ended.
    pub(crate) fn ended<E>(self, result: &Result<Action, E>) {
        let Self { metrics, controller, started } = &self;
        let controller = *controller;
        let own = &metrics.reconciles;
        let word = match result {
            Ok(action) if *action == Action::await_change() => "success",
            Ok(_) => "requeue_after",
            Err(_) => "error",
        };
        own.ended.get_or_create(&Ended { controller, result: word }).inc();
        if result.is_err() {
            own.errors.get_or_create(&Controller { controller }).inc();
            own.retries.get_or_create(&Queue { name: controller }).inc();
        }
        let length = started.elapsed().as_secs_f64();
        own.lengths.get_or_create(&Controller { controller }).observe(length);
        own.work.get_or_create(&Queue { name: controller }).observe(length);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.metrics.reconciles.active.get_or_create(&Controller { controller: self.controller }).dec();
    }
}

impl Metrics {
    /// One more controller of this name runs, which does so much at once.
    pub(crate) fn controller(&self, controller: &'static str, most: u16) {
        let own = &self.reconciles;
        own.most.get_or_create(&Controller { controller }).inc_by(i64::from(most));
        // What has not happened yet is shown as zero, for a rate needs a beginning.
        own.active.get_or_create(&Controller { controller }).inc_by(0);
        own.errors.get_or_create(&Controller { controller }).inc_by(0);
        own.retries.get_or_create(&Queue { name: controller }).inc_by(0);
        for result in ["success", "requeue_after", "error"] {
            own.ended.get_or_create(&Ended { controller, result }).inc_by(0);
        }
    }

    /// A reconcile begins.
    pub(crate) fn reconciling(self: &Arc<Self>, controller: &'static str) -> Running {
        self.reconciles.active.get_or_create(&Controller { controller }).inc();
        Running { metrics: Arc::clone(self), controller, started: Instant::now() }
    }
}
