//! Sets of fields, in the form in which `metadata.managedFields` has them.
//!
//! A set is a tree: `f:<name>` is a member of an object, `k:{…}` an item of a keyed list, `v:…` an item of a set,
//! and `.` the item itself. A branch without children means the whole value there.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

pub(super) type Fields = Map<String, Value>;

/// How the items of a list are told apart; none where a list is one value as a whole.
fn key_of(list: &str) -> Option<Items> {
    match list {
        "f:conditions" => Some(Items::Keyed("type")),
        "f:ownerReferences" => Some(Items::Keyed("uid")),
        "f:finalizers" => Some(Items::Set),
        _ => None,
    }
}

enum Items {
    Keyed(&'static str),
    Set,
}

/// Every field of a value.
pub(super) fn of(value: &Value) -> Fields {
    within("", value)
}

/// The fields of the value that is found at `element` of its parent.
fn within(element: &str, value: &Value) -> Fields {
    match value {
        Value::Object(members) => members.iter().map(|(name, child)| branch(format!("f:{name}"), child)).collect(),
        Value::Array(items) => {
            key_of(element).map_or_else(Fields::new, |kind| items.iter().map(|item| of_item(&kind, item)).collect())
        }
        _ => Fields::new(),
    }
}

fn branch(element: String, child: &Value) -> (String, Value) {
    let fields = within(&element, child);
    (element, fields.into())
}

fn of_item(kind: &Items, item: &Value) -> (String, Value) {
    match kind {
        Items::Set => (format!("v:{item}"), json!({})),
        Items::Keyed(key) => {
            let mut fields = within("", item);
            fields.insert(".".into(), json!({}));
            (format!("k:{}", json!({*key: item[*key]})), fields.into())
        }
    }
}

/// The place of an item in its list.
fn position(items: &[Value], element: &str) -> Option<usize> {
    let (kind, text) = element.split_once(':')?;
    let wanted: Value = serde_json::from_str(text).ok()?;
    items.iter().position(|item| match (kind, &wanted) {
        ("k", Value::Object(key)) => key.iter().all(|(name, value)| item.get(name) == Some(value)),
        _ => *item == wanted,
    })
}

/// The value at one element of a value.
fn step<'a>(value: &'a Value, element: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(element.strip_prefix("f:")?),
        Value::Array(items) => position(items, element).and_then(|index| items.get(index)),
        _ => None,
    }
}

fn children(node: &Value) -> &Fields {
    static NONE: LazyLock<Fields> = LazyLock::new(Fields::new);
    node.as_object().unwrap_or(&NONE)
}

/// What is in the first set and not in the second.
pub(super) fn difference(from: &Fields, other: &Fields) -> Fields {
    walk(from, |element, node| match other.get(element) {
        None => Some(children(node).clone()),
        Some(covered) => Some(difference(children(node), children(covered))).filter(|left| !left.is_empty()),
    })
}

/// What is in both sets.
pub(super) fn intersection(one: &Fields, other: &Fields) -> Fields {
    difference(one, &difference(one, other))
}

/// What is in either set.
pub(super) fn union(one: &Fields, other: &Fields) -> Fields {
    let mut all = one.clone();
    for (element, node) in other {
        let joined = union(all.get(element).map_or(&Fields::new(), children), children(node));
        all.insert(element.clone(), joined.into());
    }
    all
}

/// Those fields of a set whose values differ between two objects.
pub(super) fn differing(fields: &Fields, one: Option<&Value>, other: Option<&Value>) -> Fields {
    walk(fields, |element, node| {
        let at = |value: Option<&Value>| match element {
            "." => value.is_some().then_some(Value::Null),
            _ => value.and_then(|value| step(value, element)).cloned(),
        };
        let (one, other) = (at(one), at(other));
        let branches = children(node);
        if branches.is_empty() {
            let granular = [&one, &other].into_iter().all(|value| is_granular(element, value.as_ref()));
            return (one != other && !granular).then(Fields::new);
        }
        Some(differing(branches, one.as_ref(), other.as_ref())).filter(|left| !left.is_empty())
    })
}

/// Whether a value is owned part by part, so that an empty one lays no claim to what others put there.
fn is_granular(element: &str, value: Option<&Value>) -> bool {
    match value {
        Some(Value::Object(_)) => true,
        Some(Value::Array(_)) => key_of(element).is_some(),
        _ => false,
    }
}

/// A value without its null members, which in an apply mean the same as absent ones.
pub(super) fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let present = members.iter().filter(|(_, child)| !child.is_null());
            present.map(|(name, child)| (name.clone(), without_nulls(child))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The set that `visit` leaves of each branch.
fn walk(fields: &Fields, visit: impl Fn(&str, &Value) -> Option<Fields>) -> Fields {
    fields.iter().filter_map(|(element, node)| Some((element.clone(), visit(element, node)?.into()))).collect()
}

/// Takes fields out of a value, together with what they leave empty.
pub(super) fn remove(value: &mut Value, fields: &Fields) {
    for (element, node) in fields {
        let branches = children(node);
        let whole = branches.is_empty() || branches.contains_key(".");
        match value {
            Value::Object(members) => {
                let name = element.trim_start_matches("f:");
                if whole || members.get_mut(name).is_some_and(|child| is_empty_without(child, branches)) {
                    members.remove(name);
                }
            }
            Value::Array(items) => {
                if let Some(index) = position(items, element)
                    && (whole || is_empty_without(&mut items[index], branches))
                {
                    items.remove(index);
                }
            }
            _ => {}
        }
    }
}

fn is_empty_without(value: &mut Value, fields: &Fields) -> bool {
    remove(value, fields);
    matches!(value, Value::Object(members) if members.is_empty())
        || matches!(value, Value::Array(items) if items.is_empty())
}

/// Lays `wanted` over `value`: objects and keyed lists member by member, everything else as a whole.
pub(super) fn lay_over(value: &mut Value, wanted: &Value) {
    lay_over_at("", value, wanted);
}

fn lay_over_at(element: &str, value: &mut Value, wanted: &Value) {
    match (value, wanted) {
        (Value::Object(members), Value::Object(wanted)) => {
            for (name, child) in wanted {
                lay_over_at(&format!("f:{name}"), members.entry(name).or_insert(Value::Null), child);
            }
        }
        (Value::Array(items), Value::Array(wanted)) if key_of(element).is_some() => {
            for item in wanted {
                lay_over_item(&key_of(element).unwrap_or(Items::Set), items, item);
            }
        }
        (value, wanted) => *value = wanted.clone(),
    }
}

fn lay_over_item(kind: &Items, items: &mut Vec<Value>, wanted: &Value) {
    let (element, _) = of_item(kind, wanted);
    match position(items, &element) {
        Some(index) => lay_over_at("", &mut items[index], wanted),
        None => items.push(wanted.clone()),
    }
}
