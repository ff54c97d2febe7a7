//! `clusterwright simulate`: both clouds without an account.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use crate::operator::stop_signal;
use crate::simulator::{Settings, Simulator, Speed};

const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8090));

/// Serves a simulator of TypeDB Cloud and CrateDB Cloud on this machine, to try the operator and to test it without
/// an account.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The loopback address to listen on; with port 0 the system chooses one
    #[arg(long, value_name = "ADDRESS", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,

    /// How much faster than in reality clusters start, stop and change
    #[arg(long, value_name = "FACTOR", default_value = "1")]
    speed: Speed,
}

/// Serves until SIGINT or SIGTERM. Once ready it prints one line with the address.
///
/// # Errors
/// Where the address is not a loopback one or is taken.
pub async fn run(args: Args) -> io::Result<()> {
    let asked_to_stop = stop_signal()?;
    let simulator = Simulator::new(Settings { speed: args.speed, seed: rand::random(), ..Settings::default() });
    let listening = simulator.bind(args.listen).await?;
    writeln!(io::stdout(), "listening on http://{}", listening.address())?;
    listening.run(asked_to_stop).await
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn without_flags_it_listens_on_loopback_at_the_real_speed() {
        let Command { args } = Command::parse_from(["simulate"]);
        assert_eq!((args.listen.to_string().as_str(), args.speed), ("127.0.0.1:8090", Speed::REAL));
    }

    #[test]
    fn a_speed_that_stands_still_is_refused() {
        let error = Command::try_parse_from(["simulate", "--speed", "0"]).unwrap_err();
        assert!(error.to_string().contains("a number above 0"), "{error}");
    }
}
