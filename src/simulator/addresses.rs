//! Where the servers of simulated clusters are reached.

use std::collections::HashMap;
use std::io;

use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use tokio_util::sync::DropGuard;

use super::serve::Front;

/// How servers get their addresses.
pub(super) enum Addresses {
    /// Names under the vendor's domain, for a router that is called in process.
    Named,
    /// A listener on the loopback interface for each; dropping its guard closes it.
    Loopback { front: Front, open: HashMap<String, DropGuard> },
}

impl Addresses {
    /// Addresses for `count` new servers of one cluster.
    ///
    /// # Errors
    /// Where the kernel gives no port.
    pub(super) fn allocate(&mut self, count: usize, random: &mut StdRng) -> io::Result<Vec<String>> {
        match self {
            Self::Named => {
                let stem = random_text(random, 6);
                Ok((0..count).map(|index| format!("{stem}-{index}.cluster.typedb.com:80")).collect())
            }
            Self::Loopback { front, open } => (0..count)
                .map(|_| {
                    let (address, guard) = front.open()?;
                    open.insert(address.clone(), guard);
                    Ok(address)
                })
                .collect(),
        }
    }

    /// Closes the listeners of addresses that are no longer `in_use`.
    pub(super) fn close_all_but(&mut self, in_use: impl Fn(&str) -> bool) {
        if let Self::Loopback { open, .. } = self {
            open.retain(|address, _| in_use(address));
        }
    }
}

/// Lowercase letters and digits.
pub(super) fn random_text(random: &mut impl Rng, length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}
