use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use kube::client::Body;
use serde_json::json;

use super::*;

/// An API server on which everything that is asked for is defined, but for one kind.
fn without(absent: &'static str) -> Client {
    let answer = tower::service_fn(move |request: Request<Body>| async move {
        let name = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        let (status, body) = if name == absent {
            (StatusCode::NOT_FOUND, json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}))
        } else {
            let conditions = json!([{"type": "Established", "status": "True", "reason": "", "message": ""}]);
            (StatusCode::OK, json!({"metadata": {"name": name}, "spec": spec(), "status": {"conditions": conditions}}))
        };
        let mut response = Response::new(Body::from(body.to_string().into_bytes()));
        *response.status_mut() = status;
        Ok::<_, Infallible>(response)
    });
    Client::new(answer, "default")
}

fn spec() -> serde_json::Value {
    json!({"group": "", "names": {"kind": "", "plural": ""}, "scope": "", "versions": []})
}

#[tokio::test]
async fn whichever_kind_is_not_defined_is_named() {
    for kind in ["cloudaccounts", "typedbclusters", "cratedbclusters"] {
        let name: &'static str = format!("{kind}.clusterwright.dev").leak();
        assert_eq!(missing_definitions(&without(name)).await, Ok(vec![name.to_owned()]));
    }
}

#[tokio::test]
async fn where_all_are_defined_nothing_is_missing() {
    assert_eq!(missing_definitions(&without("others.clusterwright.dev")).await, Ok(Vec::new()));
}
