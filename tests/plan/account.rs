//! How an account stands, and what the tools that read its status make of it.

use clusterwright::api::account::{CloudAccount, CloudAccountSpec, CredentialState, CredentialStatus};
use clusterwright::api::condition::{Reason, Standing};
use clusterwright::api::identity::{Endpoint, Location};
use clusterwright::plan::{AccountStanding, Health, account_in_use, account_standing, account_status, account_verdict};
use rstest::rstest;

use super::fixture::*;

fn in_cratedb_cloud() -> Location {
    let organization = "00000000-0000-4000-8000-000000000001".to_owned();
    Location::CratedbCloud { endpoint: Endpoint::new("https://console.cratedb.cloud"), organization }
}

#[rstest]
#[case::rejected(Health::Rejected("no".to_owned()))]
#[case::too_weak(Health::Forbidden("no".to_owned()))]
#[case::of_an_unknown_place(Health::NotFound("no".to_owned()))]
#[case::of_a_cloud_that_is_down(down(300))]
fn an_account_is_spoken_of_in_words_of_its_own_cloud(#[case] health: Health) {
    let standing = account_standing(health, &in_cratedb_cloud(), &in_use(), true, now());
    let (_, message) = account_verdict(&standing, &in_use());
    assert!(!["token", "team", "space"].iter().any(|word| message.contains(word)), "{message}");
}

fn credentials<const N: usize>(states: [CredentialState; N]) -> Vec<CredentialStatus> {
    let numbered = states.into_iter().enumerate();
    numbered.map(|(number, state)| CredentialStatus { secret_name: format!("key-{}", number + 1), state }).collect()
}

fn in_use() -> Vec<CredentialStatus> {
    credentials([CredentialState::InUse])
}

fn standing(health: Health, listed: bool) -> AccountStanding {
    account_standing(health, &location(), &in_use(), listed, now())
}

fn down(seconds: i64) -> Health {
    Health::Unavailable { why: "it answered 503".to_owned(), since: ago(seconds) }
}

#[rstest]
#[case::untried(Health::Untried, Reason::Connecting)]
#[case::accepted(Health::Well, Reason::Connected)]
#[case::rejected(Health::Rejected("no".to_owned()), Reason::CredentialsRejected)]
#[case::too_weak(Health::Forbidden("no".to_owned()), Reason::CredentialsInsufficient)]
#[case::of_an_unknown_place(Health::NotFound("no".to_owned()), Reason::InvalidSpec)]
#[case::of_a_cloud_that_is_down(down(300), Reason::CloudUnavailable)]
fn an_account_is(#[case] health: Health, #[case] reason: Reason) {
    let standing = standing(health, true);
    let (said, message) = account_verdict(&standing, &in_use());
    assert_eq!(said, reason);
    assert!(message.ends_with('.'), "{message}");
    if reason.standing() == Standing::Stalled {
        assert!(message.contains("\"no\""), "the cloud's own words are missing: {message}");
        assert!(message.matches(['.', ':']).count() > 1, "it does not say what to do: {message}");
    }
}

#[rstest]
#[case::at_first(29, true, true)]
#[case::after_half_a_minute(30, true, false)]
#[case::without_an_earlier_list(0, false, false)]
fn a_short_outage_is_none(#[case] seconds: i64, #[case] listed: bool, #[case] connected: bool) {
    assert_eq!(standing(down(seconds), listed) == AccountStanding::Connected, connected);
}

fn account() -> CloudAccount {
    let spec = serde_json::json!({
        "typedbCloud": {"team": "acme", "space": "default"},
        "credentials": [{"secretRef": {"name": "typedb-cloud-key"}}],
    });
    let spec: CloudAccountSpec = serde_json::from_value(spec).unwrap();
    let mut account = CloudAccount::new("typedb-cloud", spec);
    account.metadata.generation = Some(3);
    account
}

#[rstest]
#[case::connected(AccountStanding::Connected, "Ready=True", CredentialState::InUse)]
#[case::unavailable(unavailable(), "Ready=False Reconciling=True", CredentialState::InUse)]
#[case::connecting(AccountStanding::Connecting, "Ready=False Reconciling=True", CredentialState::Untried)]
#[case::rejected(refused(Reason::CredentialsRejected), "Ready=False Stalled=True", CredentialState::Rejected)]
fn an_accounts_status_says(
    #[case] standing: AccountStanding,
    #[case] conditions: &str,
    #[case] state: CredentialState,
) {
    let mut account = account();
    let credentials = credentials([state]);
    let (reason, message) = account_verdict(&standing, &credentials);
    let published = account_status(&account, (reason, &message), &credentials, None, now());
    let active = (state == CredentialState::InUse).then_some("key-1");
    let said: Vec<String> = published.conditions.iter().map(|c| format!("{}={}", c.type_, c.status)).collect();
    assert_eq!((said.join(" ").as_str(), published.active_credential.as_deref()), (conditions, active));
    assert_eq!(published.observed_generation, Some(3));
    // Written once, it is not written again.
    account.status = Some(published.clone());
    let again = account_status(&account, (reason, &message), &credentials, None, ago(-60));
    assert_eq!(again, published);
    assert_eq!(published.credentials, credentials);
}

#[rstest]
#[case::nothing_where_the_first_is_in_use([CredentialState::InUse, CredentialState::Rejected], "key-1.")]
#[case::nothing_of_one_that_is_being_tried([CredentialState::Untried, CredentialState::InUse], "key-2.")]
#[case::a_rejected_one([CredentialState::Rejected, CredentialState::InUse], "in Secret key-1, which the cloud rejects.")]
#[case::a_missing_one([CredentialState::Missing, CredentialState::InUse], "in Secret key-1, which the operator cannot read.")]
#[case::a_weak_one([CredentialState::Insufficient, CredentialState::InUse], "in Secret key-1, which may not list the clusters.")]
fn what_is_passed_over_is_told(#[case] states: [CredentialState; 2], #[case] words: &str) {
    let (reason, message) = account_verdict(&AccountStanding::Connected, &credentials(states));
    assert_eq!(reason, Reason::Connected);
    assert!(message.ends_with(words), "{message}");
}

#[rstest]
#[case::all([CredentialState::Rejected, CredentialState::Rejected], "Secrets key-1 and key-2: ")]
#[case::what_there_is([CredentialState::Missing, CredentialState::Rejected], "Secret key-2: ")]
fn rejected_credentials_are_named(#[case] states: [CredentialState; 2], #[case] words: &str) {
    let standing = account_standing(Health::Rejected("no".to_owned()), &location(), &credentials(states), true, now());
    let (_, message) = account_verdict(&standing, &credentials(states));
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_deleted_account_says_for_whom_it_waits() {
    let users: Vec<String> = (1..=7).map(|number| format!("TypeDBCluster orders-{number} in namespace shop")).collect();
    let (reason, message) = account_in_use(&users);
    assert_eq!(reason, Reason::InUse);
    for words in ["orders-1 in namespace shop", "and 2 more", "deletionPolicy: Retain"] {
        assert!(message.contains(words), "{message}");
    }
}
