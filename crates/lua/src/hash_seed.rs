//! The hash of the engine's own tables of texts, which nothing a program sees depends on.
//!
//! Lua's string hash is given by 5.1, as the order of `pairs` depends on it, and takes a chain of four operations for every byte. Texts that are only looked
//! up are hashed with this one instead, which takes a multiplication for sixteen bytes, and which nobody outside of the process can predict.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use rapidhash::v3::{RapidSecrets, rapidhash_v3_nano_inline};

/// The process's hash seed: names chosen by the author of a script, or values of its data, must not be able to collide on purpose.
pub(crate) fn secrets() -> &'static RapidSecrets {
    static SECRETS: OnceLock<RapidSecrets> = OnceLock::new();
    SECRETS.get_or_init(|| RapidSecrets::seed(RandomState::new().hash_one(0u64)))
}

/// The hash of a text.
#[inline(always)]
pub(crate) fn hash_text(text: &[u8], secrets: &RapidSecrets) -> u32 {
    rapidhash_v3_nano_inline::<false, false>(text, secrets) as u32
}
