//! Whether a cluster shall run or be suspended: always, by the hour, or for once otherwise.

mod schedule;

use jiff::{Timestamp, Zoned};

use self::schedule::{Firing, Schedule};
use super::facts::Facts;
use super::kind::Kind;
use super::step::Plan;
use crate::api::annotation;
use crate::api::shared::{Power, PowerPolicy};
use crate::clock;

/// What the manifest asks for at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// None where it is left alone.
    pub(super) power: Option<Power>,
    /// When it will ask for something by itself, in the schedule's time zone, and for what.
    next: Option<(Zoned, Option<Power>)>,
}

/// What the manifest asks for at present; a sentence where that cannot be told.
pub(super) fn asked<K: Kind>(facts: &Facts<K>) -> Result<Asked, String> {
    let always = |power| Ok(Asked { power, next: None });
    match facts.spec().power {
        None => always(None),
        Some(PowerPolicy::Running) => always(Some(Power::Running)),
        Some(PowerPolicy::Suspended) => always(Some(Power::Suspended)),
        Some(PowerPolicy::Scheduled) => scheduled(facts),
    }
}

/// What the manifest asks for at present, where that can be told.
pub(super) fn wanted<K: Kind>(facts: &Facts<K>) -> Option<Power> {
    asked(facts).ok()?.power
}

/// The same plan, decided anew when the schedule asks for something else.
pub(super) fn watching_the_clock<K: Kind>(facts: &Facts<K>, plan: Plan<K>) -> Plan<K> {
    let next = asked(facts).ok().and_then(|asked| asked.next);
    match next.and_then(|(at, _)| clock::until(facts.now, at.timestamp())) {
        Some(delay) => plan.looking_again(delay),
        None => plan,
    }
}

impl Asked {
    /// What comes next, as a clause that begins with a semicolon; empty where nothing does.
    pub(super) fn outlook(&self) -> String {
        let Some((at, power)) = self.next.as_ref().filter(|(_, power)| *power != self.power) else {
            return String::new();
        };
        let what = match power {
            Some(Power::Running) => "resumes it",
            Some(Power::Suspended) => "suspends it",
            None => "leaves it alone",
        };
        format!("; its schedule {what} at {}", at.strftime("%Y-%m-%dT%H:%M:%S%:z"))
    }
}

fn scheduled<K: Kind>(facts: &Facts<K>) -> Result<Asked, String> {
    let written = facts.spec().power_schedule.as_ref().ok_or("spec.power Scheduled needs spec.powerSchedule.")?;
    let schedule = Schedule::parse(written)?;
    let overruled = facts.annotation(annotation::POWER_OVERRIDE).map(overriding).transpose()?;
    Ok(match overruled.filter(|overruled| facts.now < overruled.at) {
        Some(Firing { at: end, power }) => {
            Asked { power: Some(power), next: Some((schedule.local(end), schedule.power(end))) }
        }
        None => {
            let next = schedule.change(facts.now).map(|next| (schedule.local(next.at), Some(next.power)));
            Asked { power: schedule.power(facts.now), next }
        }
    })
}

/// `Running until <RFC 3339>` or `Suspended until <RFC 3339>`.
fn overriding(text: &str) -> Result<Firing, String> {
    read_override(text).ok_or_else(|| {
        format!(
            "The annotation {} says \"{text}\". Write Running until, or Suspended until, and a moment such as \
             2027-01-31T18:00:00Z; or remove it.",
            annotation::POWER_OVERRIDE
        )
    })
}

fn read_override(text: &str) -> Option<Firing> {
    let (power, until) = text.split_once(" until ")?;
    let power = match power.trim() {
        "Running" => Power::Running,
        "Suspended" => Power::Suspended,
        _ => return None,
    };
    let at: Timestamp = until.trim().parse().ok()?;
    Some(Firing { at, power })
}
