//! The script cache: every script known by its text or its SHA1, compiled once for all threads.
//!
//! What SCRIPT LOAD brings stays until SCRIPT FLUSH. What came with EVAL alone goes, the least recently used first, once there are
//! more than [`EVAL_SCRIPTS_MAX`] of it or it takes more than [`EVAL_BYTES_MAX`]: an application that puts values into the text of
//! its scripts does not fill the memory. (Redis does so from 7.4 on.)

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};
use lua::library::math::Random as RandomSequence;
use parking_lot::RwLock;
use sha1::{Digest, Sha1};

use crate::script::{Script, ScriptError};

/// Most scripts kept that only EVAL brought.
pub const EVAL_SCRIPTS_MAX: usize = 500;

/// Most bytes that scripts of EVAL take together.
pub const EVAL_BYTES_MAX: usize = 64 << 20;

/// All cached scripts.
#[derive(Debug, Default)]
pub struct ScriptCache {
    scripts: RwLock<Scripts>,
    bytes: AtomicUsize,
    flushes: AtomicU64,
    evicted: AtomicU64,
    /// Counts new scripts; with it a use is dated. Between two new scripts nothing is evicted, so nothing finer is needed.
    age: AtomicU64,
    random: RandomSequence,
}

/// The scripts a flush took out; dropping them may take a while.
pub type Flushed = Vec<Arc<Script>>;

#[derive(Debug, Default)]
struct Scripts {
    by_sha: HashTable<Arc<Script>>,
    /// By the text itself: EVAL of a known script needs no SHA1, only this table's much cheaper hash.
    by_text: HashTable<Arc<Script>>,
    hasher: DefaultHashBuilder,
    /// The scripts of EVAL by the age at which they were last known to be used. A use dates the script, not its place here;
    /// that is put right when its turn to go has come.
    by_age: BTreeMap<(u64, u64), Arc<Script>>,
    eval_bytes: usize,
}

impl Scripts {
    fn add(&mut self, script: &Arc<Script>) {
        script.set_cached(true);
        let hasher = &self.hasher;
        let by_sha = |script: &Arc<Script>| hasher.hash_one(script.sha_bytes());
        self.by_sha
            .insert_unique(by_sha(script), Arc::clone(script), by_sha);
        let by_text = |script: &Arc<Script>| hasher.hash_one(&**script.text());
        self.by_text
            .insert_unique(by_text(script), Arc::clone(script), by_text);
    }

    fn of_sha(&self, sha: &[u8; 40]) -> Option<&Arc<Script>> {
        self.by_sha.find(self.hasher.hash_one(sha), |script| {
            script.sha_bytes() == sha
        })
    }

    fn of_text(&self, text: &[u8]) -> Option<&Arc<Script>> {
        self.by_text.find(self.hasher.hash_one(text), |script| {
            **script.text() == *text
        })
    }

    fn remove(&mut self, script: &Arc<Script>) {
        let is_it = |other: &Arc<Script>| Arc::ptr_eq(other, script);
        let hash = self.hasher.hash_one(script.sha_bytes());
        if let Ok(entry) = self.by_sha.find_entry(hash, is_it) {
            entry.remove();
        }
        let hash = self.hasher.hash_one(&**script.text());
        if let Ok(entry) = self.by_text.find_entry(hash, is_it) {
            entry.remove();
        }
        script.set_cached(false);
    }

    /// Takes the least recently used script of EVAL out, if there are too many.
    fn evict(&mut self) -> Option<Arc<Script>> {
        while self.by_age.len() > EVAL_SCRIPTS_MAX
            || (self.eval_bytes > EVAL_BYTES_MAX && self.by_age.len() > 1)
        {
            let ((age, id), script) = self.by_age.pop_first()?;
            let last_used = script.last_used();
            if last_used > age {
                self.by_age.insert((last_used, id), script);
                continue;
            }
            self.eval_bytes -= script.bytes();
            self.remove(&script);
            return Some(script);
        }
        None
    }

    /// Keeps a script of EVAL for good.
    fn keep(&mut self, script: &Arc<Script>) {
        if let Some(age) = script.keep() {
            // Its place may be older than its last use.
            let place = self
                .by_age
                .range(..=(age, script.id()))
                .rev()
                .find(|(_, known)| known.id() == script.id())
                .map(|(&place, _)| place);
            if let Some(place) = place {
                self.by_age.remove(&place);
                self.eval_bytes -= script.bytes();
            }
        }
    }
}

impl ScriptCache {
    /// EVAL: the script of this text; compiled and kept if it is new.
    ///
    /// # Errors
    /// The compiler's message for a text that is no script.
    pub fn get_or_compile(&self, text: &[u8]) -> Result<Arc<Script>, ScriptError> {
        if let Some(script) = self.scripts.read().of_text(text) {
            script.use_at(self.age.load(Ordering::Relaxed));
            return Ok(Arc::clone(script));
        }
        self.compile(text)
    }

    fn compile(&self, text: &[u8]) -> Result<Arc<Script>, ScriptError> {
        let script = Arc::new(Script::compile(text, sha1_hex(text))?);
        let mut scripts = self.scripts.write();
        if let Some(script) = scripts.of_text(text) {
            return Ok(Arc::clone(script));
        }
        let age = self.age.fetch_add(1, Ordering::Relaxed) + 1;
        script.use_at(age);
        self.bytes.fetch_add(script.bytes(), Ordering::Relaxed);
        scripts.add(&script);
        scripts.eval_bytes += script.bytes();
        scripts
            .by_age
            .insert((age, script.id()), Arc::clone(&script));
        while let Some(evicted) = scripts.evict() {
            self.bytes.fetch_sub(evicted.bytes(), Ordering::Relaxed);
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(script)
    }

    /// SCRIPT LOAD: as [`ScriptCache::get_or_compile`], and the script is never evicted.
    ///
    /// # Errors
    /// The compiler's message for a text that is no script.
    pub fn load(&self, text: &[u8]) -> Result<Arc<Script>, ScriptError> {
        let script = self.get_or_compile(text)?;
        let mut scripts = self.scripts.write();
        scripts.keep(&script);
        // It may have had to make room a moment ago.
        if scripts.of_sha(script.sha_bytes()).is_none() {
            scripts.add(&script);
            self.bytes.fetch_add(script.bytes(), Ordering::Relaxed);
        }
        Ok(script)
    }

    /// The script of a SHA1, in hexadecimal digits of any case.
    pub fn get(&self, sha: &[u8]) -> Option<Arc<Script>> {
        let mut lower: [u8; 40] = sha.try_into().ok()?;
        lower.make_ascii_lowercase();
        let script = self.scripts.read().of_sha(&lower).cloned()?;
        script.use_at(self.age.load(Ordering::Relaxed));
        Some(script)
    }

    /// All cached scripts, in the order in which they were compiled.
    pub fn scripts(&self) -> Vec<Arc<Script>> {
        let mut scripts: Vec<_> = self.scripts.read().by_sha.iter().cloned().collect();
        scripts.sort_unstable_by_key(|script| script.id());
        scripts
    }

    /// The script of a SHA1, or those that call themselves so, in the order in which they were compiled.
    pub fn named(&self, name: &[u8]) -> Vec<Arc<Script>> {
        if let Some(script) = self.get(name) {
            return vec![script];
        }
        let mut scripts = self.scripts();
        scripts.retain(|script| script.name().is_some_and(|own| *own.as_bytes() == *name));
        scripts
    }

    /// Whether a script that was found here before is still here; if so, it counts as used. Takes no lock.
    #[inline]
    pub fn still_holds(&self, script: &Script) -> bool {
        let is_cached = script.is_cached();
        if is_cached {
            script.use_at(self.age.load(Ordering::Relaxed));
        }
        is_cached
    }

    /// Forgets all scripts and hands them to the caller.
    pub fn flush(&self) -> Flushed {
        let taken = std::mem::take(&mut *self.scripts.write());
        for script in &taken.by_sha {
            script.set_cached(false);
        }
        self.bytes.store(0, Ordering::Relaxed);
        self.flushes.fetch_add(1, Ordering::Release);
        taken.by_sha.into_iter().collect()
    }

    /// How many scripts had to make room for others since the server started.
    pub fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
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

    #[test]
    fn scripts_are_found_by_the_name_they_give_themselves() {
        let cache = ScriptCache::default();
        for text in ["--!name a\nreturn 1", "return 2", "--!name a\nreturn 3"] {
            cache.get_or_compile(text.as_bytes()).expect("compiles");
        }
        let named = cache.named(b"a");
        let texts: Vec<&[u8]> = named.iter().map(|script| &**script.text()).collect();
        assert_eq!(texts, [b"--!name a\nreturn 1", b"--!name a\nreturn 3"]);
        assert_eq!(cache.named(&sha1_hex(b"return 2")).len(), 1);
        assert!(cache.named(b"b").is_empty());
        assert_eq!(cache.scripts().len(), 3);
    }

    #[test]
    fn the_least_recently_used_script_of_eval_makes_room() {
        let cache = ScriptCache::default();
        let text = |n: usize| format!("return {n}").into_bytes();
        cache.load(&text(0)).expect("compiles");
        let used = cache.get_or_compile(&text(1)).expect("compiles");
        let idle = cache.get_or_compile(&text(2)).expect("compiles");
        for n in 3..=EVAL_SCRIPTS_MAX {
            cache.get_or_compile(&text(n)).expect("compiles");
        }
        assert_eq!((cache.len(), cache.evicted()), (EVAL_SCRIPTS_MAX + 1, 0));
        assert!(cache.get(used.sha().as_bytes()).is_some());
        cache
            .get_or_compile(b"return 'one more'")
            .expect("compiles");
        assert_eq!((cache.len(), cache.evicted()), (EVAL_SCRIPTS_MAX + 1, 1));
        assert!(cache.get(idle.sha().as_bytes()).is_none());
        assert!(cache.get(used.sha().as_bytes()).is_some());
        assert!(cache.get(&sha1_hex(b"return 0")).is_some(), "loaded: kept");
    }

    #[test]
    fn a_script_of_eval_that_is_loaded_stays() {
        let cache = ScriptCache::default();
        let script = cache.get_or_compile(b"return 'stays'").expect("compiles");
        cache.get_or_compile(b"return 'another'").expect("compiles");
        assert!(cache.get(script.sha().as_bytes()).is_some());
        cache.load(b"return 'stays'").expect("compiles");
        cache.load(b"return 'stays'").expect("compiles");
        for n in 0..2 * EVAL_SCRIPTS_MAX {
            let text = format!("return {n}");
            cache.get_or_compile(text.as_bytes()).expect("compiles");
        }
        assert!(cache.get(script.sha().as_bytes()).is_some());
        assert_eq!(cache.len(), EVAL_SCRIPTS_MAX + 1);
        let sum: usize = cache.flush().iter().map(|script| script.bytes()).sum();
        assert!(sum > 0 && cache.memory() == 0);
    }
}
