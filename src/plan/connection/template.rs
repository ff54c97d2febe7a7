//! A connection Secret of the manifest's own making: its keys, filled with what is known of the cluster.

use std::collections::BTreeMap;

/// What stands between this and the next closing brace is the name of something known.
const OPENS: &str = "${";

/// How that is written where it shall stand for itself.
const ESCAPED: &str = "$${";

/// The data of the Secret, without the keys that need what is not known yet. A sentence where a template names something
/// that no cluster of this kind ever has.
pub(super) fn filled(
    template: &BTreeMap<String, String>,
    known: &BTreeMap<&'static str, String>,
    names: &[&str],
) -> Result<BTreeMap<String, String>, String> {
    let mut data = BTreeMap::new();
    for (key, text) in template {
        let value = fill(text, known, names).map_err(|placeholder| unknown(key, &placeholder, names))?;
        data.extend(value.map(|value| (key.clone(), value)));
    }
    Ok(data)
}

/// None where something in it is not known yet; the placeholder as an error, where it never will be.
fn fill(text: &str, known: &BTreeMap<&'static str, String>, names: &[&str]) -> Result<Option<String>, String> {
    let mut filled = Some(String::new());
    let mut add = |part: Option<&str>| match (&mut filled, part) {
        (Some(text), Some(part)) => text.push_str(part),
        _ => filled = None,
    };
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        add(Some(&rest[..start]));
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix(ESCAPED) {
            add(Some(OPENS));
            rest = after;
        } else if let Some(opened) = rest.strip_prefix(OPENS) {
            let (name, after) = opened.split_once('}').ok_or_else(|| rest.to_owned())?;
            if !names.contains(&name) {
                return Err(format!("{OPENS}{name}}}"));
            }
            add(known.get(name).map(String::as_str));
            rest = after;
        } else {
            add(Some("$"));
            rest = &rest[1..];
        }
    }
    add(Some(rest));
    Ok(filled)
}

fn unknown(key: &str, placeholder: &str, names: &[&str]) -> String {
    let offered: Vec<String> = names.iter().map(|name| format!("{OPENS}{name}}}")).collect();
    format!(
        "The template of spec.connectionSecret has {placeholder} under {key}, which is no placeholder. There are {}; write \
         {ESCAPED} for what shall stand as it is.",
        offered.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NAMES: [&str; 3] = ["host", "port", "password"];

    fn filled_with(text: &str) -> Result<Option<String>, String> {
        let known = BTreeMap::from([("host", "db.example".to_owned()), ("port", "4200".to_owned())]);
        fill(text, &known, &NAMES)
    }

    #[rstest]
    #[case::nothing_to_fill("plain", "plain")]
    #[case::several("https://${host}:${port}/", "https://db.example:4200/")]
    #[case::a_dollar("5 $ and $x$", "5 $ and $x$")]
    #[case::escaped("$${host} ${host}", "${host} db.example")]
    #[case::two_dollars_before_an_escaped_one("$$${host}", "$${host}")]
    fn known_values_are_put_in(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(filled_with(text), Ok(Some(expected.to_owned())));
    }

    #[test]
    fn what_is_not_known_yet_leaves_the_whole_key_out() {
        assert_eq!(filled_with("${host} ${password} ${port}"), Ok(None));
    }

    #[rstest]
    #[case::another_name("${hosts}", "${hosts}")]
    #[case::no_name("a ${} b", "${}")]
    #[case::no_end("a ${host", "${host")]
    #[case::behind_what_is_not_known("${password} ${no}", "${no}")]
    fn what_never_will_be_known_is_an_error(#[case] text: &str, #[case] placeholder: &str) {
        assert_eq!(filled_with(text), Err(placeholder.to_owned()));
    }
}
