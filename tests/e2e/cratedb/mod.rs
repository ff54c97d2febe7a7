//! CrateDB Cloud: what differs from TypeDB Cloud, and each of its verbs.

mod lifecycle;

use serde_json::{Value, json};

/// What a small paid cluster needs.
fn paid() -> Value {
    json!({
        "accountRef": {"name": "cratedb"},
        "project": {"name": "shop", "region": "eks1.eu-west-1.aws"},
        "product": {"name": "cr1"},
        "nodes": 1,
    })
}
