//! Who may do what.

use clusterwright::simulator::cratedb::{KeyChange, StrangerAnswer};
use http::header::{LOCATION, SET_COOKIE};
use rstest::rstest;
use serde_json::json;

use super::client::{Client, GIB, ORGANIZATION, SECOND, but, paid};
use crate::client::{pass, world};

const DAY: u64 = 24 * 60 * 60;

#[tokio::test(start_paused = true)]
async fn a_key_acts_as_its_user() {
    let simulator = world();
    let me = Client::admin(&simulator).get("users/me/").await;
    assert!(me.headers.get(SET_COOKIE).is_none(), "the vendor's command line would stop using its key");
    let me = me.ok();
    assert_eq!(me["organization_roles"], json!([{"organization_id": ORGANIZATION, "role_fqn": "org_admin"}]));
    assert_eq!(me["is_superuser"], false);
    let standby = Client::of(&simulator, "simulator-standby").get("users/me").await.ok();
    assert_eq!(me, standby, "two keys of one user, and a path without its slash");
    let member = Client::of(&simulator, "simulator-member").get("users/me/").await.ok();
    assert_eq!(member["organization_roles"][0]["role_fqn"], "org_member");
}

#[rstest]
#[case("simulator", "wrong")]
#[case("nobody", "nobody-secret")]
#[case("simulator-inactive", "simulator-inactive-secret")]
#[tokio::test(start_paused = true)]
async fn a_key_that_is_wrong_or_inactive_opens_nothing(#[case] key: &str, #[case] secret: &str) {
    let client = Client::stranger(&world()).with_pair(key, secret);
    assert_eq!(client.get("users/me/").await.refused(401), "Authentication required.");
    client.create(paid("orders")).await.refused(401);
}

#[rstest]
#[case(StrangerAnswer::Json, 401)]
#[case(StrangerAnswer::Page, 401)]
#[case(StrangerAnswer::Redirect, 302)]
#[tokio::test(start_paused = true)]
async fn what_strangers_see_is_a_switch(#[case] answer: StrangerAnswer, #[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.stranger_answer = answer);
    let client = Client::stranger(&simulator).beyond_the_document();
    let reply = client.get("clusters/").await;
    assert_eq!(reply.status, Some(status));
    let location = reply.headers.get(LOCATION).map(|location| location.to_str().unwrap());
    assert_eq!(location, (answer == StrangerAnswer::Redirect).then_some("/?rd=/api/v2/clusters/"));
    assert_eq!(reply.text.starts_with("<html>"), answer == StrangerAnswer::Page);
}

#[rstest]
#[case(403)]
#[case(404)]
#[tokio::test(start_paused = true)]
async fn an_organization_sees_nothing_of_another(#[case] status: u16) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.foreign_status = status.try_into().unwrap());
    let (own, other) = (Client::admin(&simulator), Client::of(&simulator, "simulator-second"));
    let cluster = own.created(paid("orders")).await;
    let id = cluster["id"].as_str().unwrap();
    other.cluster(id).await.refused(status);
    other.change(id, "scale", json!({"product_unit": 2})).await.refused(status);
    other.delete(&format!("clusters/{id}/")).await.refused(status);
    other.get(&format!("organizations/{ORGANIZATION}/clusters/")).await.refused(status);
    other.get(&format!("organizations/{ORGANIZATION}/subscriptions/")).await.refused(status);
    other.get(&format!("projects/{}/", cluster["project_id"].as_str().unwrap())).await.refused(status);
    for list in ["clusters/", "projects/"] {
        assert_eq!(other.get(list).await.ok(), json!([]), "{list}");
    }
    let organizations = other.get("organizations/").await.ok();
    assert_eq!((organizations.as_array().unwrap().len(), &organizations[0]["id"]), (1, &json!(SECOND)));
    let name = "/api/v2/clusters/name/orders/";
    other.send(http::Method::HEAD, name, None).await.empty(200);
}

#[tokio::test(start_paused = true)]
async fn a_member_reads_and_changes_nothing() {
    let simulator = world();
    let (admin, member) = (Client::admin(&simulator), Client::of(&simulator, "simulator-member"));
    let cluster = admin.created(paid("orders")).await;
    let id = cluster["id"].as_str().unwrap();
    assert_eq!(member.cluster(id).await.ok(), admin.cluster(id).await.ok());
    assert_eq!(member.get("clusters/").await.ok().as_array().unwrap().len(), 1);
    member.create(paid("sales")).await.refused(403);
    member.delete(&format!("clusters/{id}/")).await.refused(403);
    for (action, body) in [
        ("scale", json!({"product_unit": 2})),
        ("storage", json!({"disk_size_per_node_bytes": 128 * GIB})),
        ("ip-restrictions", json!({"ip_whitelist": []})),
        ("deletion-protection", json!({"deletion_protected": true})),
        ("suspend", json!({"suspended": true})),
    ] {
        assert!(member.change(id, action, body).await.refused(403).contains("admin"), "{action}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_project_admin_scales_but_does_not_expand_storage() {
    let simulator = world();
    let (admin, member) = (Client::admin(&simulator), Client::of(&simulator, "simulator-member"));
    let cluster = admin.created(paid("orders")).await;
    let (id, project) = (cluster["id"].as_str().unwrap(), cluster["project_id"].as_str().unwrap());
    let role = json!({"user": "member@example.com", "role_fqn": "project_admin"});
    let users = format!("projects/{project}/users/");
    assert_eq!(admin.post(&users, role.clone()).await.created()["added"], true);
    assert_eq!(admin.post(&users, role).await.ok()["added"], false);
    let members = admin.get(&users).await.ok();
    let roles: Vec<_> = members.as_array().unwrap().iter().map(|user| &user["project_roles"][0]["role_fqn"]).collect();
    assert_eq!(roles, ["project_admin", "project_admin"], "and whoever made the project");
    let storage = json!({"disk_size_per_node_bytes": 128 * GIB});
    member.change(id, "storage", storage).await.refused(403);
    member.change(id, "scale", json!({"product_unit": 2})).await.ok();
    let me = member.get("users/me/").await.ok();
    admin.delete(&format!("{users}{}/", me["uid"].as_str().unwrap())).await.empty(204);
    pass(300).await;
    member.change(id, "scale", json!({"product_unit": 3})).await.refused(403);
}

#[tokio::test(start_paused = true)]
async fn who_is_in_one_project_only_sees_nothing_else() {
    let simulator = world();
    let (admin, guest) = (Client::admin(&simulator), Client::of(&simulator, "simulator-second"));
    let shared = admin.created(paid("shared")).await;
    let hidden = admin.created(paid("hidden")).await;
    let project = shared["project_id"].as_str().unwrap();
    let role = json!({"user": "second@example.com", "role_fqn": "project_member"});
    admin.post(&format!("projects/{project}/users/"), role).await.created();
    for path in ["clusters/".to_owned(), format!("organizations/{ORGANIZATION}/clusters/")] {
        let seen = guest.get(&path).await.ok();
        assert_eq!((seen.as_array().unwrap().len(), &seen[0]["id"]), (1, &shared["id"]), "{path}");
    }
    assert_eq!(guest.get("projects/").await.ok().as_array().unwrap().len(), 1);
    guest.cluster(shared["id"].as_str().unwrap()).await.ok();
    guest.cluster(hidden["id"].as_str().unwrap()).await.refused(403);
    guest.change(shared["id"].as_str().unwrap(), "scale", json!({"product_unit": 2})).await.refused(403);
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test(start_paused = true)]
async fn a_key_is_made_used_deactivated_and_deleted(#[case] flat: bool) {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.new_key_is_flat = flat);
    let admin = Client::admin(&simulator);
    let maker = if flat { admin.clone().beyond_the_document() } else { admin.clone() };
    let made = maker.post("users/me/api-keys/", json!({})).await.ok();
    let name = if flat { &made["key"] } else { &made["key"]["key"] }.as_str().unwrap().to_owned();
    let client = Client::stranger(&simulator).with_pair(&name, made["secret"].as_str().unwrap());
    client.get("users/me/").await.ok();
    let own = format!("users/me/api-keys/{name}/");
    let shown = admin.get(&own).await.ok();
    assert_eq!((&shown["active"], shown.get("secret")), (&json!(true), None), "the secret is shown once");
    assert!(shown["last_used"].is_string());
    assert_eq!(admin.patch(&own, json!({"active": false})).await.ok()["active"], false);
    client.get("users/me/").await.refused(401);
    admin.patch(&own, json!({"active": true})).await.ok();
    client.get("users/me/").await.ok();
    admin.delete(&own).await.empty(204);
    client.get("users/me/").await.refused(401);
    let keys = admin.get("users/me/api-keys/").await.ok();
    let names: Vec<_> = keys.as_array().unwrap().iter().map(|key| key["key"].clone()).collect();
    assert_eq!(names, ["simulator", "simulator-standby", "simulator-inactive"], "others' keys are not among them");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_idles_for_ninety_days_is_deleted() {
    let simulator = world();
    let (admin, standby) = (Client::admin(&simulator), Client::of(&simulator, "simulator-standby"));
    admin.get("users/me/").await.ok();
    standby.get("users/me/").await.ok();
    pass(89 * DAY).await;
    standby.get("users/me/").await.ok();
    pass(DAY).await;
    admin.get("users/me/").await.refused(401);
    standby.get("users/me/").await.ok();
}

#[tokio::test(start_paused = true)]
async fn the_console_can_take_a_key_away_and_change_its_secret() {
    let simulator = world();
    let client = Client::admin(&simulator);
    let changed =
        simulator.cratedb().change_key("simulator", KeyChange { active: Some(false), ..KeyChange::default() });
    changed.unwrap();
    client.get("users/me/").await.refused(401);
    let change = json!({"active": true, "secret": "another"});
    client.control(http::Method::POST, "cratedb/keys/simulator", change).await.empty(204);
    client.get("users/me/").await.refused(401);
    client.with_pair("simulator", "another").get("users/me/").await.ok();
    client.control(http::Method::POST, "cratedb/keys/nobody", json!({})).await.refused(404);
}

#[tokio::test(start_paused = true)]
async fn requests_can_be_limited_and_are_counted_per_key() {
    let simulator = world();
    simulator.configure(|settings| settings.cratedb.unknowns.requests_per_minute = Some(2));
    let client = Client::admin(&simulator);
    client.get("clusters/").await.ok();
    client.get("clusters/").await.ok();
    pass(20).await;
    let refused = client.get("clusters/").await;
    refused.refused(429);
    assert_eq!(refused.headers["retry-after"], "40");
    assert!(refused.headers["date"].to_str().unwrap().contains("12:00:20"), "by the simulated clock");
    pass(40).await;
    client.get("clusters/").await.ok();
    let requests = simulator.requests();
    assert_eq!(requests.count(&http::Method::GET, "/api/v2/clusters/"), 4);
    assert!(requests.log.iter().all(|row| row.client_id.as_deref() == Some("simulator")));
}

#[tokio::test(start_paused = true)]
async fn organizations_and_their_members_are_managed() {
    let simulator = world();
    let admin = Client::admin(&simulator);
    let made = admin.post("organizations/", json!({"name": "new", "plan_type": 2})).await.created();
    let id = made["id"].as_str().unwrap();
    assert_eq!((&made["role_fqn"], &made["plan_type"]), (&json!("org_admin"), &json!(2)));
    assert_eq!(admin.put(&format!("organizations/{id}/"), json!({"name": "newer"})).await.ok()["name"], "newer");
    let users = format!("organizations/{id}/users/");
    let role = json!({"user": "someone@example.com", "role_fqn": "org_member"});
    let added = admin.post(&users, role.clone()).await.created();
    assert_eq!(admin.post(&users, but(role, "/role_fqn", json!("org_admin"))).await.ok()["added"], false);
    assert_eq!(admin.get(&users).await.ok().as_array().unwrap().len(), 2);
    admin.post(&users, json!({"user": "x@example.com", "role_fqn": "king"})).await.refused(400);
    admin.delete(&format!("{users}{}/", added["user_id"].as_str().unwrap())).await.empty(204);
    admin.delete(&format!("{users}nobody/")).await.refused(404);
    admin.delete(&format!("organizations/{id}/")).await.empty(204);
    admin.get(&format!("organizations/{id}/")).await.refused(404);
    admin.delete(&format!("organizations/{SECOND}/")).await.refused(403);
}
