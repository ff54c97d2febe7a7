//! CrateDB Cloud: its administration API under `/api/v2` and the SQL endpoints of its clusters.
//!
//! There are two organizations, each with one active subscription, and these API keys. The secret of a key is its
//! name with `-secret` behind it.
//!
//! | key | organization | its user is |
//! |---|---|---|
//! | `simulator`, `simulator-standby` | `00000000-0000-4000-8000-000000000001` | `org_admin` |
//! | `simulator-member` | `00000000-0000-4000-8000-000000000001` | `org_member` |
//! | `simulator-inactive` | `00000000-0000-4000-8000-000000000001` | `org_admin`, but the key is inactive |
//! | `simulator-second` | `00000000-0000-4000-8000-000000000002` | `org_admin` |
//!
//! Rules and words are those of the vendor's `OpenAPI` document "CrateDB Cloud API 1.0.0" and of its documentation;
//! what they leave open is a switch of [`Unknowns`].

mod body;
mod call;
mod catalogue;
mod changes;
mod cloud;
mod cluster;
mod clusters;
mod console;
mod control;
mod deletion;
mod directory;
mod http;
mod jobs;
mod operation;
mod organizations;
mod parts;
mod people;
mod projects;
mod refusal;
mod seeding;
mod settings;
mod snapshots;
mod sql;
mod surroundings;
mod unknowns;
mod versions;

pub use cluster::ClusterView;
pub use console::{Console, Failure, KeyChange, NewSubscription, OrganizationChange};
pub use refusal::Refusal;
pub use seeding::NewCluster;
pub use settings::{Offered, Settings};
pub use unknowns::{Cancelling, FieldErrors, StrangerAnswer, Unknowns};

pub(super) use cloud::Cloud;
pub(super) use cluster::{DOMAIN, PORT};
pub(super) use control::router as control_router;
pub(super) use http::router as admin_router;
pub(super) use refusal::error_body;
pub(super) use sql::router as data_plane_router;
