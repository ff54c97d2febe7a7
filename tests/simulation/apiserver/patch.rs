//! Merge patch and JSON patch.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use super::refusal::Refusal;

/// The object after a patch of the given content type.
pub(super) fn apply(object: &Value, content_type: &str, body: &[u8]) -> Result<Value, Refusal> {
    let malformed = |error: serde_json::Error| Refusal::bad_request(&format!("error decoding patch: {error}"));
    let mut object = object.clone();
    match content_type {
        "application/merge-patch+json" => {
            json_patch::merge(&mut object, &serde_json::from_slice(body).map_err(malformed)?);
        }
        "application/json-patch+json" => operate(&mut object, serde_json::from_slice(body).map_err(malformed)?)?,
        other => {
            let message = format!("the body of the request was in an unknown format: {other}");
            return Err(Refusal::new(415, "UnsupportedMediaType", &message));
        }
    }
    Ok(object)
}

fn operate(object: &mut Value, Patch(operations): Patch) -> Result<(), Refusal> {
    for operation in operations {
        // To the API server, what is absent equals null.
        if let PatchOperation::Test(test) = &operation
            && test.value.is_null()
            && object.pointer(test.path.as_str()).is_none()
        {
            continue;
        }
        json_patch::patch(object, &[operation]).map_err(|error| {
            let message = format!("the server rejected our request due to an error in our request: {error}");
            Refusal::new(422, "Invalid", &message)
        })?;
    }
    Ok(())
}
