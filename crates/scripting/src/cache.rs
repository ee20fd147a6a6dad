//! The script cache: every script known by its text or its SHA1, compiled once for all threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hashbrown::HashMap;
use lua::library::math::Random as RandomSequence;
use parking_lot::RwLock;
use sha1::{Digest, Sha1};

use crate::script::{Script, ScriptError};

/// All cached scripts.
#[derive(Debug, Default)]
pub struct ScriptCache {
    scripts: RwLock<Scripts>,
    bytes: AtomicUsize,
    flushes: AtomicU64,
    random: RandomSequence,
}

/// The scripts a flush took out; dropping them may take a while.
pub type Flushed = Vec<Arc<Script>>;

#[derive(Debug, Default)]
struct Scripts {
    by_sha: HashMap<[u8; 40], Arc<Script>>,
    /// By the text itself: EVAL of a known script needs no SHA1, only this table's much cheaper hash.
    by_text: HashMap<Arc<[u8]>, Arc<Script>>,
}

impl ScriptCache {
    /// The script of this text; compiled and kept if it is new.
    ///
    /// # Errors
    /// The compiler's message for a text that is no script.
    pub fn get_or_compile(&self, text: &[u8]) -> Result<Arc<Script>, ScriptError> {
        if let Some(script) = self.scripts.read().by_text.get(text) {
            return Ok(Arc::clone(script));
        }
        let script = Arc::new(Script::compile(text, sha1_hex(text))?);
        let mut scripts = self.scripts.write();
        if let Some(script) = scripts.by_text.get(text) {
            return Ok(Arc::clone(script));
        }
        self.bytes.fetch_add(script.bytes(), Ordering::Relaxed);
        scripts
            .by_sha
            .insert(*script.sha_bytes(), Arc::clone(&script));
        scripts
            .by_text
            .insert(Arc::clone(script.text()), Arc::clone(&script));
        Ok(script)
    }

    /// SCRIPT LOAD: as [`ScriptCache::get_or_compile`].
    ///
    /// # Errors
    /// The compiler's message for a text that is no script.
    pub fn load(&self, text: &[u8]) -> Result<Arc<Script>, ScriptError> {
        self.get_or_compile(text)
    }

    /// The script of a SHA1, in hexadecimal digits of any case.
    pub fn get(&self, sha: &[u8]) -> Option<Arc<Script>> {
        let mut lower: [u8; 40] = sha.try_into().ok()?;
        lower.make_ascii_lowercase();
        self.scripts.read().by_sha.get(&lower).cloned()
    }

    /// Forgets all scripts and hands them to the caller.
    pub fn flush(&self) -> Flushed {
        let taken = std::mem::take(&mut *self.scripts.write());
        self.bytes.store(0, Ordering::Relaxed);
        self.flushes.fetch_add(1, Ordering::Release);
        taken.by_sha.into_values().collect()
    }

    /// The sequence behind `math.random`, which all scripts of a server share.
    pub fn random_sequence(&self) -> RandomSequence {
        self.random.clone()
    }

    /// How often the cache was flushed: machines that hold code from before may drop it.
    pub fn generation(&self) -> u64 {
        self.flushes.load(Ordering::Acquire)
    }

    /// How many scripts are cached.
    pub fn len(&self) -> usize {
        self.scripts.read().by_sha.len()
    }

    /// Whether no script is cached.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes the cached scripts take: text, code and tables.
    pub fn memory(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The SHA1 of a text in lower-case hexadecimal digits.
pub fn sha1_hex(text: &[u8]) -> [u8; 40] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 40];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(Sha1::digest(text)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_found_by_its_sha_in_any_case() {
        let cache = ScriptCache::default();
        let script = cache.get_or_compile(b"return 1").expect("compiles");
        assert_eq!(script.sha(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
        assert!(
            cache
                .get(b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB")
                .is_some()
        );
        assert!(cache.get(b"e0e1").is_none());
        assert_eq!(cache.flush().len(), 1);
        assert!(cache.is_empty());
    }
}
