//! A stateful imitation of the clouds, to try the operator and to test it without an account.
//!
//! What both clouds share lives here: settings, faults, the request log, cutting connections, serving.
//! What one cloud does lives in a folder of its own. Statuses follow from the time at each look, so nothing runs
//! in the background, and the whole simulator moves with whatever clock it is given.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

mod addresses;
mod answer;
mod control;
pub mod cratedb;
mod cut;
mod draw;
mod faults;
mod gate;
mod requests;
mod serve;
mod settings;
mod throttle;
mod tokens;
pub mod typedb;

pub use cut::CutConnection;
pub use faults::{Fault, FaultKind, Moment, PathPattern};
pub use requests::{Effect, Plane, RequestRow, Requests};
pub use serve::Listening;
pub use settings::{Settings, Speed, Status};

use addresses::Addresses;
use faults::Faults;

/// A handle to one simulated world; clones are handles to the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Mutex<World>>);

/// Everything that is simulated, behind the one lock. The lock is never held over an await.
struct World {
    environment: Environment,
    typedb: typedb::Cloud,
    cratedb: cratedb::Cloud,
    faults: Faults,
    requests: Requests,
}

/// What the clouds find around them.
struct Environment {
    settings: Settings,
    addresses: Addresses,
    random: StdRng,
}

impl Simulator {
    /// A fresh world: the credentials and spaces of [`typedb`], the keys and organizations of [`cratedb`], and no
    /// cluster.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let random = StdRng::seed_from_u64(settings.seed);
        let now = settings.clock.now();
        let environment = Environment { settings, addresses: Addresses::Named, random };
        Self(Arc::new(Mutex::new(World {
            environment,
            typedb: typedb::Cloud::new(),
            cratedb: cratedb::Cloud::new(now),
            faults: Faults::default(),
            requests: Requests::default(),
        })))
    }

    /// All of it as one service: `/simulator/…` and the clouds' APIs on any host, and each cluster's own endpoint
    /// where the request's authority is the address of one of its servers.
    ///
    /// A response with the extension [`CutConnection`] stands for a connection that was closed without an answer.
    pub fn router(&self) -> Router {
        gate::router(self)
    }

    /// Lets `act` see and change the world as it is now.
    fn with<T>(&self, act: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = world.environment.settings.clock.now();
        world.typedb.settle(now);
        world.cratedb.settle(now);
        let outcome = act(&mut world, now);
        let World { environment, typedb, cratedb, .. } = &mut *world;
        let in_use = |address: &str| typedb.serves_at(address) || cratedb.serves_at(address);
        environment.addresses.close_all_but(typedb.addresses() + cratedb.addresses(), in_use);
        outcome
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Simulator").finish_non_exhaustive()
    }
}
