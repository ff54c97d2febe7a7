//! Where the servers of simulated clusters are reached.

use std::collections::HashMap;
use std::io;

use rand::{Rng, RngExt};
use tokio_util::sync::DropGuard;

use super::serve::Front;

/// How servers get their addresses.
pub(super) enum Addresses {
    /// Names under the vendors' domains, for a router that is called in process.
    Named,
    /// A listener on the loopback interface for each; dropping its guard closes it.
    Loopback { front: Front, open: HashMap<String, DropGuard> },
}

impl Addresses {
    /// An address for each of the new servers, which go by these `names` where nothing is really listened on.
    ///
    /// # Errors
    /// Where the kernel gives no port.
    pub(super) fn allocate(&mut self, names: Vec<String>) -> io::Result<Vec<String>> {
        let Self::Loopback { front, open } = self else { return Ok(names) };
        let listen = |_| {
            let (address, guard) = front.open()?;
            open.insert(address.clone(), guard);
            Ok(address)
        };
        names.into_iter().map(listen).collect()
    }

    /// Closes the listeners of addresses that are no longer `in_use`. All that are in use are open, so that their
    /// `count` tells whether there is one to close.
    pub(super) fn close_all_but(&mut self, count: usize, in_use: impl Fn(&str) -> bool) {
        if let Self::Loopback { open, .. } = self
            && open.len() > count
        {
            open.retain(|address, _| in_use(address));
        }
    }
}

/// Lowercase letters and digits.
pub(super) fn random_text(random: &mut impl Rng, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}
