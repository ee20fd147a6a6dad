//! The seed of every hash table in the process.
//!
//! A server sets a secret random seed at its start, so that nobody can choose keys that collide.
//! Tests and tools that set none get a fixed seed, and with it the same iteration order on every
//! run.

use std::sync::OnceLock;

use rapidhash::v3::{RapidSecrets, rapidhash_v3_inline};

static SEED: OnceLock<RapidSecrets> = OnceLock::new();

/// The seed was already set, or a table has already been built with the fixed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlreadySet;

impl std::fmt::Display for AlreadySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the hash seed can be set only once, before the first use of a hash table")
    }
}

impl std::error::Error for AlreadySet {}

/// Sets the process's hash seed. Call it once, before any value is made.
pub fn set(seed: u64) -> Result<(), AlreadySet> {
    SEED.set(RapidSecrets::seed(seed)).map_err(|_| AlreadySet)
}

/// The seeded hash of `bytes`; every bit of it is fit for use as an index.
#[inline]
pub fn hash(bytes: &[u8]) -> u64 {
    let secrets = SEED.get_or_init(|| RapidSecrets::seed(0));
    rapidhash_v3_inline::<true, true, false>(bytes, secrets)
}
