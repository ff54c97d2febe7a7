//! Making foreign text fit to be shown.

/// The longest foreign text that is passed on, in characters.
const LONGEST: usize = 300;

/// Foreign text as one short line, in which none of `secrets` occurs.
pub(crate) fn sentence(text: &str, secrets: &[&str]) -> String {
    // A server may echo what it was sent. Whatever is cut out goes first, or half a secret could survive a cut.
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "[redacted]");
    }
    let printable: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Control characters, and the marks that reorder or hide text on a terminal.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
