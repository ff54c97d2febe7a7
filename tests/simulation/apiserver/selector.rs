//! Label and field selectors.

use serde_json::Value;

use super::refusal::Refusal;

/// Which objects of a collection are meant: all that meet every requirement.
#[derive(Debug, Clone, Default)]
pub(super) struct Selector(Vec<Requirement>);

#[derive(Debug, Clone)]
struct Requirement {
    subject: Subject,
    test: Test,
}

#[derive(Debug, Clone)]
enum Subject {
    Label(String),
    /// The object's own name or namespace, the two fields that every resource can be selected by.
    Metadata(String),
    /// A Secret's type.
    Type,
}

#[derive(Debug, Clone)]
enum Test {
    Equals(String),
    Differs(String),
    Exists,
    Absent,
}

impl Selector {
    /// Reads `a=b,c!=d,e,!f` for labels, and `metadata.name=x` for fields.
    pub(super) fn parse(labels: &str, fields: &str) -> Result<Self, Refusal> {
        let labels = terms(labels).map(|term| requirement(term, |key| Some(Subject::Label(key.into()))));
        let fields = terms(fields).map(|term| requirement(term, field));
        labels.chain(fields).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| requirement.holds(object))
    }
}

fn terms(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|term| !term.is_empty())
}

fn requirement(term: &str, subject: impl Fn(&str) -> Option<Subject>) -> Result<Requirement, Refusal> {
    let unknown = || Refusal::bad_request(&format!("unable to parse requirement: {term}"));
    // Set-based terms would be cut in pieces by the comma and then be taken for something that they are not.
    if term.contains(['(', ')', ' ']) {
        return Err(unknown());
    }
    let (key, test) = match (term.split_once("!="), term.split_once('=')) {
        (Some((key, value)), _) => (key, Test::Differs(value.into())),
        (None, Some((key, value))) => (key, Test::Equals(value.trim_start_matches('=').into())),
        (None, None) => term.strip_prefix('!').map_or((term, Test::Exists), |key| (key, Test::Absent)),
    };
    subject(key).map(|subject| Requirement { subject, test }).ok_or_else(unknown)
}

fn field(path: &str) -> Option<Subject> {
    match path {
        "metadata.name" | "metadata.namespace" => {
            path.strip_prefix("metadata.").map(|key| Subject::Metadata(key.into()))
        }
        "type" => Some(Subject::Type),
        _ => None,
    }
}

impl Requirement {
    fn holds(&self, object: &Value) -> bool {
        let value = match &self.subject {
            Subject::Label(key) => object["metadata"]["labels"].get(key),
            Subject::Metadata(key) => object["metadata"].get(key),
            Subject::Type => object.get("type"),
        };
        let value = value.and_then(Value::as_str);
        match &self.test {
            Test::Equals(wanted) => value == Some(wanted),
            Test::Differs(unwanted) => value != Some(unwanted),
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
        }
    }
}
