//! TypeDB Cloud: its administration API and the endpoints of its clusters.
//!
//! There is one team, `acme`, with the spaces `default` and `second`, and these credentials:
//!
//! | client id | secret | access | space |
//! |---|---|---|---|
//! | `simulator` | `simulator-secret` | admin | `default` |
//! | `simulator-write` | `simulator-write-secret` | write | `default` |
//! | `simulator-read` | `simulator-read-secret` | read | `default` |
//! | `simulator-second` | `simulator-second-secret` | admin | `second` |

mod admin;
mod auth;
mod catalogue;
mod cloud;
mod cluster;
mod console;
mod control;
mod data_plane;
mod database;
mod operations;
mod place;
mod refusal;
mod settings;
mod unknowns;
mod validate;

pub use auth::{Access, CredentialChange};
pub use cluster::ClusterView;
pub use console::NewCluster;
pub use place::{ClusterName, Space};
pub use refusal::Refusal;
pub use settings::Settings;
pub use unknowns::Unknowns;

pub(super) use admin::router as admin_router;
pub(super) use cloud::Cloud;
pub(super) use control::router as control_router;
pub(super) use data_plane::router as data_plane_router;
pub(super) use place::{DOMAIN, PORT};
pub(super) use refusal::error_body;
