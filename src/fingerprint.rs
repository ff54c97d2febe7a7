//! Telling whether something is still the same without keeping it.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// Bytes of a digest that are kept: enough that two values never share one by chance.
const KEPT: usize = 16;

/// Collects the parts that make up a value. Where one part ends and the next begins makes a difference.
#[derive(Clone, Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn part(mut self, part: impl AsRef<[u8]>) -> Self {
        self.0.update(part.as_ref().len().to_be_bytes());
        self.0.update(part.as_ref());
        self
    }

    /// The fingerprint, which gives none of its parts away and may be printed.
    pub(crate) fn finish(self) -> String {
        self.0.finalize().iter().take(KEPT).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{byte:02x}");
            text
        })
    }
}
