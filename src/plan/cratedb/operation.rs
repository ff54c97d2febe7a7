//! The last operation as the status shows it. The list tells of every operation, and only a look brings its words.

use crate::api::cratedb::{CrateDBClusterStatus, LastOperation};
use crate::cloud::cratedb::wire::PartialOperation;
use crate::cloud::operation::Operation;
use crate::plan::status::{cut, word};

/// Shows what the list says. The words that a look brought stand until the operation is in another state.
pub(super) fn show_listed(listed: &PartialOperation, status: &mut CrateDBClusterStatus) {
    let shown = LastOperation {
        id: cut(&listed.id, 128),
        type_: word(listed.kind.as_str()),
        state: word(listed.status.as_str()),
        message: None,
    };
    if status.last_operation.as_ref().is_none_or(|last| !is_same(last, &shown)) {
        status.last_operation = Some(shown);
    }
}

/// Shows what a look was told, unless the list has brought newer news since.
pub(super) fn show_told(told: &Operation, status: &mut CrateDBClusterStatus) {
    let shown = LastOperation {
        id: cut(&told.id, 128),
        type_: word(&told.kind),
        state: word(&told.word),
        message: told.message.as_deref().map(|message| cut(message, 1024)),
    };
    if status.last_operation.as_ref().is_none_or(|last| is_same(last, &shown)) {
        status.last_operation = Some(shown);
    }
}

fn is_same(one: &LastOperation, other: &LastOperation) -> bool {
    (&one.id, &one.state) == (&other.id, &other.state)
}
