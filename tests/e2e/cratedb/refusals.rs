//! What cannot be: told with the way out, not asked for again and again, and carried out once it is put right.

use http::Method;
use serde_json::{Value, json};

use super::{paid, until_says};
use crate::harness::{CrateWorld as World, condition, eventually, meanwhile, with};

const EUROPE_AZURE: &str = "aks1.westeurope.azure";
const NOBODYS: &str = "99999999-9999-4999-8999-999999999999";

/// That this little is asked of the cloud in a few seconds, and nothing is written to it.
async fn is_quiet(world: &World) {
    let writes = async || {
        let log = world.cloud.log().await;
        let written = log.iter().filter(|row| !["GET", "HEAD"].contains(&row["method"].as_str().unwrap_or_default()));
        (written.count(), log.len())
    };
    let (written, asked) = writes().await;
    meanwhile(5).await;
    let (later, total) = writes().await;
    assert_eq!(later, written, "what was refused is not asked for again");
    assert!(total - asked <= 8, "{} requests in five seconds", total - asked);
}

#[tokio::test]
async fn what_the_cloud_does_not_offer_is_refused_with_what_there_is() {
    let world = World::new("crate-invalid").await;
    world.cloud.seed_crate(json!({"name": "west", "region": EUROPE_AZURE})).await;
    let others = json!({"name": "taken", "organization_id": "00000000-0000-4000-8000-000000000002"});
    world.cloud.seed_crate(others).await;
    let own = world.cloud.seed_crate(json!({"name": "legacy"})).await;
    let inactive = world.cloud.console(Method::POST, "/subscriptions", json!({"active": false})).await;
    let project = |name: &str, region: &str| json!({"project": {"name": name, "region": region}});
    let invalid = "InvalidSpec";
    // What is wrong, how that is told, and what puts it right.
    let table = [
        ("product", json!({"product": {"name": "cr9"}}), invalid, "no product cr9 of tier default in eks1", paid()),
        ("nodes", json!({"nodes": 12}), invalid, "cannot be had with 12 nodes; possible are", paid()),
        (
            "storage",
            json!({"storage": {"sizePerNodeGiB": 9000}}),
            invalid,
            "disks of 32 to 8192 GiB per node, not 9000",
            json!({"storage": {"sizePerNodeGiB": 40}}),
        ),
        (
            "version",
            json!({"version": "4.8.1"}),
            "ChangeRefused",
            "4.8.1 is not offered in the channel stable. Available: 5.7.4",
            json!({"version": "5.9.4"}),
        ),
        ("region", project("lab", "eks9.nowhere"), invalid, "There is no region eks9.nowhere", paid()),
        ("elsewhere", project("west", "eks1.eu-west-1.aws"), invalid, EUROPE_AZURE, project("west", EUROPE_AZURE)),
        ("project", json!({"project": {"id": NOBODYS}}), invalid, "has no project 99999999", paid()),
        ("inactive", json!({"subscriptionId": inactive}), invalid, "is not active. Activate it", paid()),
        ("unknown", json!({"subscriptionId": "nobodys"}), invalid, "has no subscription nobodys", paid()),
        (
            "taken",
            json!({}),
            "NameTaken",
            "in use, by a cluster that these credentials do not see",
            json!({"clusterName": "mine"}),
        ),
        (
            "legacy",
            json!({}),
            "NameTaken",
            &format!("set spec.externalId: {own}"),
            json!({"externalId": own, "project": null}),
        ),
    ];
    for (name, changes, ..) in &table {
        world.apply(name, with(paid(), changes.clone())).await;
    }
    for (name, _, reason, words, _) in &table {
        until_says(&world, name, reason, &[words]).await;
        let manifest = world.cluster(name).await;
        assert_eq!(condition(&manifest, "Stalled").expect("a person is needed").reason, *reason);
    }
    is_quiet(&world).await;
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, 1, "only the cloud can judge a version");

    for (name, _, _, _, mended) in &table {
        world.apply(name, with(paid(), mended.clone())).await;
    }
    for (name, ..) in &table {
        world.until_ready(name).await;
    }
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, table.len());
    world.finish().await;
}

#[tokio::test]
async fn a_subscription_is_named_where_there_are_several_and_activated_where_it_is_not() {
    let world = World::new("crate-subscriptions").await;
    let second = world.cloud.console(Method::POST, "/subscriptions", json!({"active": true})).await;
    world.apply("analytics", paid()).await;
    let words = ["00000000-0000-4000-8000-000000000031", second.as_str(), "Name one in spec.subscriptionId"];
    until_says(&world, "analytics", "SubscriptionAmbiguous", &words).await;
    let activate = async |active: bool| {
        let path = format!("/subscriptions/{second}");
        world.cloud.console(Method::PATCH, &path, json!({"active": active})).await;
    };
    activate(false).await;
    world.edit("analytics", json!({"spec": {"subscriptionId": second}})).await;
    until_says(&world, "analytics", "InvalidSpec", &["is not active"]).await;
    is_quiet(&world).await;
    activate(true).await;
    world.annotate("analytics", "reconcile-at", Some("now")).await;
    world.until_ready("analytics").await;
    assert_eq!(world.cloud.named("analytics").await["subscription_id"], json!(second));
    world.finish().await;
}

#[tokio::test]
async fn a_budget_that_is_exhausted_is_told_and_tried_again_on_request() {
    let world = World::new("crate-budget").await;
    let organization = format!("/organizations/{}", crate::harness::Simulator::ORGANIZATION);
    world.cloud.console(Method::PATCH, &organization, json!({"monthlyBudget": 250.0})).await;
    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    world.apply("ledger", paid()).await;
    let words = "The organization's remaining budget of";
    until_says(&world, "ledger", "ChangeRefused", &[words, "Correct the manifest, or what the message names"]).await;
    world.edit("analytics", json!({"spec": {"nodes": 3}})).await;
    until_says(&world, "analytics", "ChangeRefused", &[words]).await;
    assert_eq!(condition(&world.cluster("analytics").await, "Available").unwrap().status, "True");
    is_quiet(&world).await;
    assert_eq!(world.cloud.count(Method::PUT, "/scale/").await, 1);

    world.cloud.console(Method::PATCH, &organization, json!({"monthlyBudget": 2500.0})).await;
    for name in ["analytics", "ledger"] {
        world.annotate(name, "reconcile-at", Some("now")).await;
    }
    for name in ["analytics", "ledger"] {
        world.until_ready(name).await;
    }
    assert_eq!(world.cloud.named("analytics").await["num_nodes"], 3);
    world.finish().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_used_is_told_and_waited_for() {
    let world = World::new("crate-accounts").await;
    world.credentials("read-only", "simulator-member", "simulator-member-secret").await;
    let typedb = json!({"cratedbCloud": null, "credentials": [{"secretRef": {"name": "cratedb-cloud"}}],
        "typedbCloud": {"team": "acme", "space": "default", "endpoint": world.cloud.url}});
    world.account("typedb", typedb).await;
    let nobodys = json!({"cratedbCloud": {"organizationId": NOBODYS, "endpoint": world.cloud.url}});
    world.account("nobodys", nobodys).await;
    let through = |account: &str| with(paid(), json!({"accountRef": {"name": account}}));
    for (name, account) in [("of-typedb", "typedb"), ("of-nobody", "nobodys")] {
        world.apply(name, through(account)).await;
    }
    let words = ["it names TypeDB Cloud, and a CrateDBCluster lives in CrateDB Cloud. Correct spec.accountRef"];
    until_says(&world, "of-typedb", "InvalidSpec", &words).await;
    let told = world.until_account("nobodys", "InvalidSpec").await;
    assert!(told.contains(NOBODYS) && told.contains("that names it correctly"), "{told}");
    world.account("members", json!({"credentials": [{"secretRef": {"name": "read-only"}}]})).await;
    world.apply("of-member", through("members")).await;
    let words = ["The cloud refused: \"", "Give the account's credentials more access"];
    until_says(&world, "of-member", "CredentialsInsufficient", &words).await;

    world.apply("analytics", paid()).await;
    world.until_ready("analytics").await;
    world.cloud.console(Method::POST, "/keys/simulator", json!({"active": false})).await;
    let told = world.until_account("cratedb", "CredentialsRejected").await;
    assert!(told.contains("Put valid ones there"), "{told}");
    let settled = world.cluster("analytics").await;
    assert_eq!(condition(&settled, "Ready").unwrap().status, "True", "it has nothing to do, and runs");
    world.apply("ledger", paid()).await;
    until_says(&world, "ledger", "WaitingForCredentials", &["rejects the credentials in Secret cratedb-cloud"]).await;
    is_quiet(&world).await;
    world.cloud.console(Method::POST, "/keys/simulator", json!({"active": true})).await;
    world.credentials("read-only", "simulator", "simulator-secret").await;
    for name in ["of-typedb", "of-nobody"] {
        world.apply(name, paid()).await;
    }
    for name in ["ledger", "of-typedb", "of-nobody", "of-member"] {
        world.until_ready(name).await;
    }
    world.finish().await;
}

#[tokio::test]
async fn a_database_out_of_reach_is_told_and_asked_with_patience() {
    let world = World::new("crate-unreachable").await;
    world.cloud.fault(json!({"path": "/_sql", "kind": "cut"})).await;
    world.apply("analytics", paid()).await;
    until_says(&world, "analytics", "DatabaseUnavailable", &["The database cannot be reached"]).await;
    assert!(world.secrets().get_opt("analytics-cratedb").await.unwrap().is_none(), "the password is not proved");
    is_quiet_at_the_database(&world).await;
    world.cloud.clear_faults().await;
    world.until_ready("analytics").await;
    world.way_in("analytics").await;

    world.cloud.settings(json!({"cratedb": {"enforceAllowList": true}})).await;
    let office = json!({"allowedCidrs": [{"cidr": "203.0.113.0/24"}]});
    world.apply("ledger", with(paid(), office)).await;
    let words = ["its list of allowed networks may leave this operator out"];
    until_says(&world, "ledger", "DatabaseUnavailable", &words).await;
    is_quiet_at_the_database(&world).await;
    world.edit("ledger", json!({"spec": {"allowedCidrs": []}})).await;
    world.until_ready("ledger").await;
    world.way_in("ledger").await;
    world.finish().await;
}

/// A database is asked again ever more slowly.
async fn is_quiet_at_the_database(world: &World) {
    let asked = world.cloud.count(Method::POST, "/_sql").await;
    meanwhile(6).await;
    let again = world.cloud.count(Method::POST, "/_sql").await - asked;
    assert!(again <= 4, "{again} questions in six seconds");
}

/// The answer of something between here and the cloud proves nothing about a create.
#[tokio::test]
async fn a_create_that_is_answered_with_nonsense_is_found() {
    let world = World::new("crate-nonsense").await;
    let html = json!({"answer": {"status": 201, "body": "<html></html>"}});
    let bad_gateway = json!({"answer": {"status": 502, "body": "<html></html>"}});
    let sign_in = json!({"answer": {"status": 404, "body": "<html></html>"}});
    let table: [(&str, Value); 5] = [
        ("html", html),
        ("truncated", json!("truncated")),
        ("cut", json!("cut")),
        ("gateway", bad_gateway),
        ("page", sign_in),
    ];
    for (name, kind) in &table {
        let fault = json!({"method": "POST", "path": "*/clusters/", "count": 1, "when": "afterEffect", "kind": kind});
        world.cloud.fault(fault).await;
        world.apply(name, paid()).await;
        eventually("its request was sent", async || {
            if world.cloud.names().await.iter().any(|there| there == name) {
                Ok(())
            } else {
                Err("it was not".to_owned())
            }
        })
        .await;
    }
    for (name, _) in &table {
        world.until_ready(name).await;
        world.way_in(name).await;
    }
    assert_eq!(world.cloud.count(Method::POST, "/clusters/").await, table.len(), "none was sent twice");
    world.finish().await;
}
