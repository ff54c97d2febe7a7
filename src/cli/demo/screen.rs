//! What the demo shows: in place on a terminal, line by line elsewhere.

use std::io::{self, IsTerminal, Write};

use super::progress::{self, Row};

/// Standard output. That nobody reads it any more is no reason to leave things behind, so failures to write are ignored.
pub(super) struct Screen<W> {
    out: W,
    live: bool,
    shown: Vec<Row>,
}

impl Screen<io::Stdout> {
    pub(super) fn stdout() -> Self {
        Self { live: io::stdout().is_terminal(), out: io::stdout(), shown: Vec::new() }
    }
}

impl<W: Write> Screen<W> {
    /// One line, or several, below everything else.
    pub(super) fn say(&mut self, text: &str) {
        writeln!(self.out, "{text}").ok();
        self.shown.clear();
    }

    /// The rows: over the last ones on a terminal, else those that say something new.
    pub(super) fn show(&mut self, rows: &[Row]) {
        let text = if self.live { self.redrawn(rows) } else { self.news(rows) };
        write!(self.out, "{text}").ok();
        self.out.flush().ok();
        self.shown = rows.to_vec();
    }

    fn redrawn(&self, rows: &[Row]) -> String {
        let up = if self.shown.is_empty() { String::new() } else { format!("\x1b[{}A", self.shown.len()) };
        let lines = progress::table(rows).join("\n\r\x1b[K");
        // Without wrapping: a line that took two rows would shift all that is drawn over it.
        format!("\x1b[?7l{up}\r\x1b[K{lines}\n\x1b[?7h")
    }

    fn news(&self, rows: &[Row]) -> String {
        rows.iter()
            .enumerate()
            .filter(|(index, row)| !self.shown.get(*index).is_some_and(|shown| shown.says_the_same(row)))
            .map(|(_, row)| progress::line(row) + "\n")
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rows(seconds: u64, message: &str) -> Vec<Row> {
        ["a", "b"]
            .map(|name| Row {
                message: if name == "a" { message.to_owned() } else { "applied".to_owned() },
                elapsed: Duration::from_secs(seconds),
                ..Row::new("CloudAccount", name.to_owned())
            })
            .to_vec()
    }

    fn shown(live: bool, frames: &[Vec<Row>]) -> String {
        let mut screen = Screen { out: Vec::new(), live, shown: Vec::new() };
        for frame in frames {
            screen.show(frame);
        }
        String::from_utf8(screen.out).unwrap()
    }

    #[test]
    fn elsewhere_than_on_a_terminal_only_news_are_told() {
        let text = shown(false, &[rows(0, "applied"), rows(1, "applied"), rows(2, "connected")]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            ["  0 s … CloudAccount/a: applied", "  0 s … CloudAccount/b: applied", "  2 s … CloudAccount/a: connected"]
        );
    }

    #[test]
    fn on_a_terminal_a_frame_is_drawn_over_the_last_one() {
        let text = shown(true, &[rows(0, "applied"), rows(1, "applied")]);
        assert_eq!(text.matches("\x1b[2A").count(), 1, "{text:?}");
        assert_eq!(text.matches("\r\x1b[K").count(), 4, "{text:?}");
    }

    #[test]
    fn what_was_said_in_between_is_not_drawn_over() {
        let mut screen = Screen { out: Vec::new(), live: true, shown: Vec::new() };
        screen.show(&rows(0, "applied"));
        screen.say("one more thing");
        screen.show(&rows(1, "applied"));
        assert!(!String::from_utf8(screen.out).unwrap().contains("\x1b[2A"));
    }
}
