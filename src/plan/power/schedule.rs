//! When the rules of a power schedule fire.
//!
//! Cron patterns speak of the time that a clock on the wall shows, and so they are searched on such a clock, which never
//! jumps. Only what is found is put on the time line: a time that the clocks skip is the instant at which they jump, and one
//! that they show twice is the first of the two. That keeps the order, so that the search on the wall finds the right one.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};

use crate::api::shared::{Power, PowerSchedule};
use crate::clock;

/// Clocks have never been set back by more.
const LONGEST_FOLD: Duration = Duration::from_secs(25 * 60 * 60);

/// So many firings that change nothing are looked through for one that does.
const MOST_FIRINGS: usize = 64;

/// A rule that fires each minute has fired so often while clocks were set back by as much.
const MOST_STEPS: usize = 25 * 60;

/// A schedule that was understood.
pub(super) struct Schedule {
    zone: TimeZone,
    rules: Vec<Rule>,
}

struct Rule {
    cron: Cron,
    power: Power,
}

/// What a schedule asks for from some moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Firing {
    pub(super) at: Timestamp,
    pub(super) power: Power,
}

impl Schedule {
    /// Reads a schedule; a sentence says what is wrong with it.
    pub(super) fn parse(written: &PowerSchedule) -> Result<Self, String> {
        let name = &written.time_zone;
        let zone = TimeZoneDatabase::bundled().get(name).map_err(|_| {
            format!(
                "spec.powerSchedule.timeZone {name} is no time zone of the IANA database. Write one such as \
                 Europe/Berlin, or UTC."
            )
        })?;
        let rules = written.rules.iter().enumerate().map(|(index, rule)| {
            let cron = pattern(&rule.at).map_err(|why| {
                format!(
                    "spec.powerSchedule.rules[{index}].at is no cron pattern: \"{}\" ({why}). Write minute, hour, day of \
                     month, month and day of week, such as 0 20 * * MON-FRI.",
                    rule.at
                )
            })?;
            // To look for what never comes takes long, and would be done at every decision.
            if !fires_at_all(&cron) {
                return Err(format!(
                    "spec.powerSchedule.rules[{index}].at never fires: \"{}\" names a day that no month has. Correct it.",
                    rule.at
                ));
            }
            Ok(Rule { cron, power: rule.power })
        });
        Ok(Self { zone, rules: rules.collect::<Result<_, String>>()? })
    }

    /// What is asked for at a moment; none before anything was.
    pub(super) fn power(&self, at: Timestamp) -> Option<Power> {
        let fired = self.rules.iter().filter_map(|rule| Some(Firing { at: self.fired(rule, at)?, power: rule.power }));
        // On a tie the database serves.
        fired.max_by_key(|firing| (firing.at, firing.power == Power::Running)).map(|last| last.power)
    }

    /// The first moment after `now` from which something else is asked for. Where that is far off, a moment before it.
    pub(super) fn change(&self, now: Timestamp) -> Option<Firing> {
        let present = self.power(now);
        let mut next = self.next(now)?;
        for _ in 0..MOST_FIRINGS {
            if Some(next.power) != present {
                break;
            }
            next = self.next(next.at)?;
        }
        Some(next)
    }

    /// A moment as the clocks of the schedule's time zone show it.
    pub(super) fn local(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// The first moment after `now` at which a rule fires, and what it asks for.
    fn next(&self, now: Timestamp) -> Option<Firing> {
        let fires = self.rules.iter().filter_map(|rule| Some(Firing { at: self.fires(rule, now)?, power: rule.power }));
        fires.min_by_key(|firing| (firing.at, firing.power != Power::Running))
    }

    /// When a rule fired last, up to and including `now`.
    fn fired(&self, rule: &Rule, now: Timestamp) -> Option<Timestamp> {
        let mut wall = self.zone.to_datetime(now);
        // Clocks that were set back show less than what they have shown already.
        if self.zone.preceding(now).next().is_some_and(|change| change.timestamp() > clock::earlier(now, LONGEST_FOLD))
        {
            wall = wall.saturating_add(LONGEST_FOLD);
        }
        let mut from = on_a_clock_that_never_jumps(wall)?;
        for step in 0..MOST_STEPS {
            from = rule.cron.find_previous_occurrence(&from, step == 0).ok()?;
            let at = self.instant(from.datetime())?;
            if at <= now {
                return Some(at);
            }
        }
        None
    }

    /// When a rule fires next after `now`.
    fn fires(&self, rule: &Rule, now: Timestamp) -> Option<Timestamp> {
        let mut from = on_a_clock_that_never_jumps(self.zone.to_datetime(now))?;
        for _ in 0..MOST_STEPS {
            from = rule.cron.find_next_occurrence(&from, false).ok()?;
            let at = self.instant(from.datetime())?;
            if at > now {
                return Some(at);
            }
        }
        None
    }

    /// The instant at which the clocks of the zone show a time first; where they skip it, the one at which they jump.
    fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        let shown = self.zone.to_ambiguous_timestamp(wall);
        let skipped = matches!(shown.offset(), AmbiguousOffset::Gap { .. });
        let earlier = shown.earlier().ok()?;
        if skipped { self.zone.following(earlier).next().map(|change| change.timestamp()) } else { Some(earlier) }
    }
}

fn on_a_clock_that_never_jumps(wall: DateTime) -> Option<Zoned> {
    wall.with().subsec_nanosecond(0).build().ok()?.to_zoned(TimeZone::UTC).ok()
}

/// Whether it fires within the 28 years in which days of the week come back to the same dates.
fn fires_at_all(cron: &Cron) -> bool {
    let from = on_a_clock_that_never_jumps(DateTime::constant(2000, 1, 1, 0, 0, 0, 0));
    let first = from.and_then(|from| cron.find_next_occurrence(&from, true).ok());
    first.is_some_and(|first| first.year() < 2028)
}

/// Five fields, as in a crontab.
fn pattern(text: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::api::shared::PowerRule;

    fn schedule(zone: &str, rules: &[(&str, Power)]) -> Result<Schedule, String> {
        let rules = rules.iter().map(|(at, power)| PowerRule { at: (*at).to_owned(), power: *power }).collect();
        Schedule::parse(&PowerSchedule { time_zone: zone.to_owned(), rules })
    }

    fn moment(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn office() -> Schedule {
        let rules = [("0 7 * * MON-FRI", Power::Running), ("0 20 * * MON-FRI", Power::Suspended)];
        schedule("Europe/Berlin", &rules).unwrap()
    }

    #[rstest]
    #[case::in_the_morning("2027-01-15T05:59:59Z", Power::Suspended, "2027-01-15T06:00:00Z")]
    #[case::from_the_hour_on("2027-01-15T06:00:00Z", Power::Running, "2027-01-15T19:00:00Z")]
    #[case::in_the_evening("2027-01-15T19:00:00Z", Power::Suspended, "2027-01-18T06:00:00Z")]
    #[case::in_summer_an_hour_earlier("2027-07-15T05:00:00Z", Power::Running, "2027-07-15T18:00:00Z")]
    fn the_rule_that_fired_last_decides(#[case] now: &str, #[case] power: Power, #[case] next: &str) {
        let next_power = if power == Power::Running { Power::Suspended } else { Power::Running };
        let firing = Firing { at: moment(next), power: next_power };
        assert_eq!((office().power(moment(now)), office().change(moment(now))), (Some(power), Some(firing)));
    }

    /// Clocks in Berlin go from 2:00 to 3:00 at 1:00 UTC on 28 March 2027, and from 3:00 back to 2:00 at 1:00 UTC on 31 October.
    #[rstest]
    #[case::skipped("30 2 * * *", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z")]
    #[case::skipped_on_the_hour("0 2 * * *", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z")]
    #[case::skipped_by_a_pattern_of_many("*/30 * * * *", "2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z")]
    #[case::after_what_is_skipped("30 3 * * *", "2027-03-28T00:00:00Z", "2027-03-28T01:30:00Z")]
    #[case::twice_shown_the_first("30 2 * * *", "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z")]
    #[case::twice_shown_once_only("30 2 * * *", "2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z")]
    #[case::between_the_two("45 2 * * *", "2027-10-31T01:10:00Z", "2027-11-01T01:45:00Z")]
    #[case::after_what_is_shown_twice("0 3 * * *", "2027-10-31T00:30:00Z", "2027-10-31T02:00:00Z")]
    fn clocks_that_jump_lose_and_repeat_nothing(#[case] rule: &str, #[case] now: &str, #[case] fires: &str) {
        let schedule = schedule("Europe/Berlin", &[(rule, Power::Running)]).unwrap();
        let (now, fires) = (moment(now), moment(fires));
        assert_eq!(schedule.next(now).map(|firing| firing.at), Some(fires));
        assert_eq!(schedule.fired(&schedule.rules[0], fires), Some(fires), "and it has then fired last");
        let before = clock::earlier(fires, Duration::from_secs(1));
        assert!(schedule.fired(&schedule.rules[0], before).is_some_and(|last| last <= now), "and not before");
    }

    /// On 30 December 2011 Samoa's clocks skipped the whole day.
    #[test]
    fn a_day_that_is_skipped_fires_at_its_end() {
        let schedule = schedule("Pacific/Apia", &[("0 12 30 12 *", Power::Suspended)]).unwrap();
        let end = moment("2011-12-30T10:00:00Z");
        assert_eq!(schedule.next(moment("2011-12-29T00:00:00Z")).map(|firing| firing.at), Some(end));
    }

    #[test]
    fn a_leap_day_fires_in_leap_years() {
        let schedule = schedule("UTC", &[("0 0 29 2 *", Power::Suspended)]).unwrap();
        let next = schedule.next(moment("2028-03-01T00:00:00Z")).map(|firing| firing.at);
        assert_eq!(next, Some(moment("2032-02-29T00:00:00Z")));
    }

    #[test]
    fn on_a_tie_the_database_serves() {
        let rules = [("0 8 * * *", Power::Running), ("0 8 * * *", Power::Suspended), ("0 9 * * *", Power::Suspended)];
        let schedule = schedule("UTC", &rules).unwrap();
        assert_eq!(schedule.power(moment("2027-01-15T08:30:00Z")), Some(Power::Running));
        let next = schedule.change(moment("2027-01-15T07:30:00Z"));
        assert_eq!(next, Some(Firing { at: moment("2027-01-15T08:00:00Z"), power: Power::Running }));
    }

    #[test]
    fn a_rule_of_each_minute_is_found_while_clocks_go_back() {
        let schedule = schedule("Europe/Berlin", &[("* * * * *", Power::Running)]).unwrap();
        let (now, last_shown_first) = (moment("2027-10-31T01:30:30Z"), moment("2027-10-31T00:59:00Z"));
        assert_eq!(schedule.fired(&schedule.rules[0], now), Some(last_shown_first));
        assert_eq!(schedule.fires(&schedule.rules[0], now), Some(moment("2027-10-31T02:00:00Z")));
    }

    #[rstest]
    #[case::zone("Europe/Berlim", "0 7 * * *", "timeZone Europe/Berlim is no time zone")]
    #[case::hour("UTC", "0 25 * * *", "rules[0].at is no cron pattern: \"0 25 * * *\"")]
    #[case::seconds("UTC", "0 0 7 * * *", "rules[0].at is no cron pattern")]
    #[case::no_such_day("UTC", "0 0 30 2 *", "rules[0].at never fires")]
    #[case::words("UTC", "every day at 7 am", "rules[0].at is no cron pattern")]
    fn a_typo_is_told(#[case] zone: &str, #[case] rule: &str, #[case] expected: &str) {
        let why = schedule(zone, &[(rule, Power::Running)]).err().unwrap();
        assert!(why.contains(expected), "{why}");
    }
}
