//! Serving the simulator over HTTP, on the loopback interface only.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::middleware;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Simulator;
use super::addresses::Addresses;
use super::cut::{self, CutSwitch, CuttableListener};
use super::gate;

/// How long requests under way may take to finish when the simulator is stopped.
const GRACE: Duration = Duration::from_secs(2);

/// A simulator that holds its port and waits to be run.
#[derive(Debug)]
pub struct Listening {
    simulator: Simulator,
    listener: TcpListener,
    address: SocketAddr,
}

impl Simulator {
    /// Takes the port to serve on; port 0 lets the kernel choose one. From here on every cluster's own endpoint
    /// is a listener on `127.0.0.1` with a port of its own.
    ///
    /// # Errors
    /// Where `listen` is not a loopback address, or the port is taken.
    pub async fn bind(self, listen: SocketAddr) -> io::Result<Listening> {
        if !listen.ip().is_loopback() {
            let message = format!(
                "the simulator has well-known credentials and listens on the loopback interface only, not on {listen}; \
                 use 127.0.0.1:{}",
                listen.port()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let front = Front { router: served(&self) };
        self.with(|world, _| {
            world.environment.addresses = Addresses::Loopback { front, open: HashMap::new() };
            world.typedb.move_servers(&mut world.environment)?;
            world.cratedb.move_endpoints(&mut world.environment)
        })?;
        Ok(Listening { simulator: self, listener, address })
    }

    /// Serves on `listen` until `shutdown` completes: [`Simulator::bind`] and [`Listening::run`] in one.
    ///
    /// # Errors
    /// As those of the two.
    pub async fn serve(
        self,
        listen: SocketAddr,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        self.bind(listen).await?.run(shutdown).await
    }
}

impl Listening {
    /// The address that was bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` completes, then closes every listener, the clusters' own included.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = serve(self.listener, served(&self.simulator), async move {
            shutdown.await;
            stop.cancel();
        });
        let outcome = tokio::select! {
            outcome = serving => outcome,
            () = async { stopped.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
        };
        // The clusters' listeners hold the router and so the simulator; taking them out ends that circle.
        self.simulator.with(|world, _| world.environment.addresses = Addresses::Named);
        outcome
    }
}

/// Opens the listeners of single servers.
pub(super) struct Front {
    router: Router,
}

impl Front {
    /// A new listener, its address, and the guard that closes it when dropped.
    pub(super) fn open(&self) -> io::Result<(String, DropGuard)> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?.to_string();
        let listener = TcpListener::from_std(listener)?;
        let stop = CancellationToken::new();
        let router = gate::at_server(self.router.clone(), &address);
        tokio::spawn(serve(listener, router, stop.clone().cancelled_owned()));
        Ok((address, stop.drop_guard()))
    }
}

/// The router, with its cut connections really cut.
fn served(simulator: &Simulator) -> Router {
    simulator.router().layer(middleware::from_fn(cut::carry_out))
}

async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(CuttableListener(listener), router.into_make_service_with_connect_info::<CutSwitch>())
        .with_graceful_shutdown(shutdown)
        .await
}
