//! The checksum of an upload in the making: fed with the bytes in the order in which they are stored.

use std::fmt::{Debug, Formatter, Result};

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

/// SHA-256 of the bytes so far.
pub(super) struct Digest(Box<Sha256>);

impl Digest {
    /// Of nothing.
    pub(super) fn new() -> Self {
        Self(Box::default())
    }

    /// Takes in what stands behind the bytes so far.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// 64 hexadecimal digits in small letters, as `sha256sum` prints them.
    pub(super) fn finish(self) -> String {
        HEXLOWER.encode(&self.0.finalize())
    }
}

impl Debug for Digest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str("Digest")
    }
}
