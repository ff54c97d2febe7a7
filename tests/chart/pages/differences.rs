//! All that differs between the world of a page's reader and that of its test.

use regex::Regex;

/// The command that stays in the foreground until it is stopped. A block ends with it, and it runs on beside the rest.
pub(crate) const STAYS: &str = "cargo run --release -- run";

/// The programs that are no part of every machine, each with the script that stands in for it.
pub(crate) const PROGRAMS: [(&str, &str); 3] = [
    // A page does not ask for what is not there, which kubectl takes well.
    (
        "kubectl",
        r#""$CONTROLPLANE" kubectl "$@" | awk '{ print } END { if (!NR) print "kubectl printed nothing" >"/dev/stderr"; exit !NR }'"#,
    ),
    ("helm", r#"exec "$HELM" "$@""#),
    // Its targets build and test everything, these pages too: it only says what it would do.
    ("make", r#"PATH=${PATH#*:} exec make --dry-run --directory="$SOURCES" "$@""#),
];

/// Patterns in a page's blocks, and what they become: the simulator of the clouds stands in the vendors' place.
const SIMULATED: [(&str, &str); 3] = [
    (r"https://console\.cratedb\.cloud", "CLOUD"),
    (r"(?m)^( *)(space|organizationId): .*$", "${0}\n${1}endpoint: CLOUD"),
    (
        r"--set image\.repository=\S+",
        "${0} --set clouds.insecureEndpoints=true --set clouds.allowedEndpoints='{CLOUD}'",
    ),
];

/// What a reader has in the environment: the credentials that the vendors gave, which here are the simulator's; and what
/// lets a program in the foreground speak to the simulator, and leaves it the port.
pub(crate) fn environment(cloud: &str) -> [(&'static str, &str); 7] {
    [
        ("CLIENT_ID", "simulator"),
        ("CLIENT_SECRET", "simulator-secret"),
        ("KEY", "simulator"),
        ("SECRET", "simulator-secret"),
        ("CLUSTERWRIGHT_ALLOWED_ENDPOINTS", cloud),
        ("CLUSTERWRIGHT_INSECURE_ENDPOINTS", "true"),
        ("CLUSTERWRIGHT_LISTEN", "127.0.0.1:0"),
    ]
}

/// A block as it is run here.
pub(crate) fn adapted(text: &str, cloud: &str) -> String {
    SIMULATED.iter().fold(text.to_owned(), |text, (pattern, becomes)| {
        regex(pattern).replace_all(&text, becomes.replace("CLOUD", cloud)).into_owned()
    })
}

/// The differences that none of these blocks has a use for.
pub(crate) fn without_use(text: &str) -> Vec<&'static str> {
    let begins_a_line = |(name, _): (&'static str, &str)| (name, regex(&format!(r"(?m)^ *{name} ")));
    let programs = PROGRAMS.map(begins_a_line);
    let patterns = SIMULATED.map(|(pattern, _)| (pattern, regex(pattern)));
    let stays = [(STAYS, regex(&regex::escape(STAYS)))];
    let all = programs.into_iter().chain(patterns).chain(stays);
    all.filter(|(_, pattern)| !pattern.is_match(text)).map(|(name, _)| name).collect()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}
