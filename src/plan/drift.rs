//! Changes that were made elsewhere: told from edits of the manifest, put right, or left alone.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::difference::{Difference, Obstacle};
use super::facts::Facts;
use super::kind::{Change, Kind};
use super::power;
use super::record::{Bound, Record};
use crate::api::annotation;
use crate::api::shared::PlannedStep;
use crate::clock;
use crate::fingerprint::Fingerprint;

/// A field that was put right this often within this time is somebody else's, and is left for a day.
const OFTEN: usize = 3;
const WITHIN: Duration = Duration::from_secs(30 * 60);
const LEFT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The fields that others can change in the cloud, each as the manifest had it when it was last in force.
pub type Settings = BTreeMap<String, Setting>;

/// One field as it was last in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// The manifest's value, as JSON.
    pub value: String,
    /// Something else was found in its place and told of, and it is not back in force.
    #[serde(default)]
    pub drifted: bool,
    /// When it was put back, the last few times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mended: Vec<Timestamp>,
    /// What a person changes to have it put back once more, as it was then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub amid: String,
}

/// What a change puts in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Applies {
    /// The manifest's value of the field, as JSON.
    pub value: String,
    /// See [`Setting::amid`].
    pub amid: String,
}

impl Setting {
    fn new(value: String) -> Self {
        Self { value, drifted: false, mended: Vec::new(), amid: String::new() }
    }

    /// A change that was announced at `at` has put this in force. Where the manifest says what it said before, a change
    /// that was made elsewhere was put right.
    fn applied(&mut self, Applies { value, amid }: Applies, at: Timestamp) {
        if self.value != value {
            *self = Self::new(value);
            return;
        }
        if self.amid != amid {
            self.mended.clear();
        }
        self.amid = amid;
        self.mended.push(at);
        let older = self.mended.len().saturating_sub(OFTEN);
        self.mended.drain(..older);
        self.drifted = false;
    }

    /// Whether somebody else has changed it back so often that it is left.
    fn is_contested(&self, amid: &str, now: Timestamp) -> bool {
        let (Some(first), Some(last)) = (self.mended.first(), self.mended.last()) else { return false };
        let often = self.mended.len() == OFTEN && *last <= clock::later(*first, WITHIN);
        often && self.amid == amid && now < clock::later(*last, LEFT_FOR)
    }
}

impl<K: Kind> Record<K> {
    /// Notes what a change that was announced at `at` has put in force.
    pub(super) fn note_in_force(&mut self, field: &str, applies: Applies, at: Timestamp) {
        let Some(bound) = &mut self.bound else { return };
        let value = applies.value.clone();
        match bound.settings.get_mut(field) {
            Some(setting) => setting.applied(applies, at),
            None => drop(bound.settings.insert(field.to_owned(), Setting::new(value))),
        }
    }
}

/// What this change puts in force, where it is about a field that others can change.
#[must_use]
pub fn applies<K: Kind>(facts: &Facts<K>, change: &K::Change) -> Option<Applies> {
    let value = written(facts).remove(change.field())?;
    Some(Applies { value, amid: amid(facts) })
}

/// The differences between a manifest and its cluster, by who made them.
pub(super) struct Sorted<K: Kind> {
    /// What is to be put right, or stays and is said.
    pub(super) differences: Vec<Difference<K>>,
    /// The settings with the changes made elsewhere that are to be told of now, and those changes.
    pub(super) news: Option<(Settings, Vec<PlannedStep>)>,
    /// The settings as they are once nothing is left to do, where the record has others.
    pub(super) in_force: Option<Settings>,
}

/// Tells what was changed elsewhere from what the manifest newly asks for, and leaves alone what is not to be put right.
pub(super) fn sort<K: Kind>(facts: &Facts<K>, bound: &Bound<K>, found: Vec<Difference<K>>) -> Sorted<K> {
    let (written, amid, ignored) = (written(facts), amid(facts), facts.manifest.ignores_drift_of());
    let in_force = in_force(bound, &written, &found);
    let mut settings = bound.settings.clone();
    let (mut differences, mut drifts) = (Vec::new(), Vec::new());
    for difference in found {
        let field = difference.shown.field.as_deref().unwrap_or_default();
        let drifted = settings.get_mut(field).filter(|setting| written.get(field) == Some(&setting.value));
        match drifted {
            Some(_) if ignored.contains(&field) => {}
            Some(setting) if setting.is_contested(&amid, facts.now) => {
                differences.push(Difference::blocked(difference.shown, Obstacle::Contested));
            }
            Some(setting) => {
                if !std::mem::replace(&mut setting.drifted, true) {
                    drifts.push(difference.shown.clone());
                }
                differences.push(difference);
            }
            None => differences.push(difference),
        }
    }
    Sorted {
        differences,
        news: (!drifts.is_empty()).then_some((settings, drifts)),
        in_force: (in_force != bound.settings).then_some(in_force),
    }
}

/// What is written and does not differ is in force. What differs stays as it was noted, and what is no longer written goes.
fn in_force<K: Kind>(
    bound: &Bound<K>,
    written: &BTreeMap<&'static str, String>,
    differences: &[Difference<K>],
) -> Settings {
    let differs = |field: &str| differences.iter().any(|difference| difference.shown.field.as_deref() == Some(field));
    let setting = |(field, value): (&&'static str, &String)| {
        let known = bound.settings.get(*field).cloned();
        let setting = match known {
            known if differs(field) => known?,
            Some(known) if known.value == *value => Setting { drifted: false, ..known },
            _ => Setting::new(value.clone()),
        };
        Some(((*field).to_owned(), setting))
    };
    written.iter().filter_map(setting).collect()
}

/// The fields that the manifest writes and that others can change, each with its value as JSON.
fn written<K: Kind>(facts: &Facts<K>) -> BTreeMap<&'static str, String> {
    let manifest = serde_json::to_value(&facts.manifest).unwrap_or_default();
    let spec = &manifest["spec"];
    let value = |field: &str| match field {
        // A schedule asks now for the one and now for the other, without an edit.
        "power" => power::wanted(facts).map(|power| power.to_string().into()),
        _ => field.split('.').try_fold(spec, |value, key| value.get(key)).filter(|value| !value.is_null()).cloned(),
    };
    let text = |value: Value| value.to_string();
    K::fields_of_others().iter().filter_map(|field| Some((*field, text(value(field)?)))).collect()
}

/// What a person changes to have it tried again: the spec, or the annotation.
fn amid<K: Kind>(facts: &Facts<K>) -> String {
    Fingerprint::default()
        .part(facts.uid())
        .part(facts.manifest.meta().generation.unwrap_or_default().to_be_bytes())
        .part(facts.annotation(annotation::RECONCILE_AT).unwrap_or_default())
        .finish()
}
