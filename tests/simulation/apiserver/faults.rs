//! Trouble on demand.

use std::time::Duration;

use super::request::{Call, Part, Verb};

/// Which requests are meant: all that meet every part that is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    verbs: Option<Vec<Verb>>,
    kind: Option<&'static str>,
    namespace: Option<String>,
    name: Option<String>,
    part: Option<Part>,
}

impl Requests {
    /// Every request.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    /// Those that may change something.
    pub(crate) fn writes() -> Self {
        Self::with(&[Verb::Create, Verb::Update, Verb::Patch, Verb::Apply, Verb::Delete, Verb::DeleteCollection])
    }

    /// Those with one of these verbs.
    pub(crate) fn with(verbs: &[Verb]) -> Self {
        Self { verbs: Some(verbs.to_vec()), ..Self::default() }
    }

    /// Of these, those for one kind.
    pub(crate) fn of(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Of these, those in one namespace.
    pub(crate) fn within(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Of these, those for one object.
    pub(crate) fn at(mut self, namespace: &str, name: &str) -> Self {
        self.name = Some(name.into());
        self.within(namespace)
    }

    /// Of these, those for the status.
    pub(crate) fn on_status(mut self) -> Self {
        self.part = Some(Part::Status);
        self
    }

    fn include(&self, call: &Call) -> bool {
        self.verbs.as_ref().is_none_or(|verbs| verbs.contains(&call.verb))
            && self.kind.is_none_or(|kind| kind == call.resource.kind)
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == call.namespace)
            && self.name.as_ref().is_none_or(|name| *name == call.name)
            && self.part.is_none_or(|part| part == call.part)
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// An answer with this status code.
    Status(u16),
    /// No answer at all: the connection is cut.
    Cut,
    /// Everything takes this much longer, on tokio's time.
    Delay(Duration),
}

/// When it goes wrong, seen from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeEffect,
    AfterEffect,
}

/// One kind of trouble, for certain requests, a number of times.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    requests: Requests,
    trouble: Trouble,
    moment: Moment,
    left: usize,
}

impl Fault {
    /// Trouble that strikes once, before the request has had its effect.
    pub(crate) fn new(requests: Requests, trouble: Trouble) -> Self {
        Self { requests, trouble, moment: Moment::BeforeEffect, left: 1 }
    }

    /// The effect happens, and then the trouble.
    pub(crate) fn after_effect(mut self) -> Self {
        self.moment = Moment::AfterEffect;
        self
    }

    /// Strikes the next `count` of the requests.
    pub(crate) fn times(mut self, count: usize) -> Self {
        self.left = count;
        self
    }

    /// Strikes until the faults are cleared.
    pub(crate) fn always(self) -> Self {
        self.times(usize::MAX)
    }
}

/// The faults that are still to strike, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

/// What strikes a request at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Blow {
    pub(super) delay: Duration,
    /// A status code or a cut, never a delay.
    pub(super) end: Option<Trouble>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Uses up what strikes this request now: every delay, and the first of the others.
    pub(super) fn strike(&mut self, call: &Call, moment: Moment) -> Blow {
        let mut blow = Blow::default();
        for fault in self.0.iter_mut().filter(|fault| fault.moment == moment && fault.requests.include(call)) {
            match fault.trouble {
                Trouble::Delay(delay) => blow.delay += delay,
                _ if blow.end.is_some() => continue,
                trouble => blow.end = Some(trouble),
            }
            fault.left -= 1;
        }
        self.0.retain(|fault| fault.left > 0);
        blow
    }
}
