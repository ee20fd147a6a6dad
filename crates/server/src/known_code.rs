//! The code an event loop ran last: what it finds without the locks and hashes of the cache and the registry, which all share.
//!
//! A run takes the loop's own reference along and gives it back when it is over. To count a reference of its own would
//! be a write to memory that all loops read for every run of the same script.

use std::sync::Arc;

use scripting::{Code, Function, Libraries, Script, ScriptCache, ScriptError};

/// How many scripts are known by each of their names, and how many functions. A power of two.
const KNOWN: usize = 64;

/// How a script is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// EVAL
    Text,
    /// EVALSHA
    Sha,
}

/// Scripts and functions by their names.
#[derive(Default)]
pub(crate) struct KnownCode {
    by_text: Places<Script>,
    by_sha: Places<Script>,
    functions: Places<Function>,
}

/// Each name has one place, which it may share with others. There are none before the first name is asked for.
struct Places<T>(Option<Box<[Option<Arc<T>>; KNOWN]>>);

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places(None)
    }
}

impl<T> Places<T> {
    fn of(&mut self, name: &[u8]) -> &mut Option<Arc<T>> {
        let places = self
            .0
            .get_or_insert_with(|| Box::new([const { None }; KNOWN]));
        &mut places[place(name)]
    }
}

/// A hash of a few bytes: of a SHA1's digits, or of a text's length and end.
fn place(name: &[u8]) -> usize {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let end = match name.last_chunk() {
        Some(end) => u64::from_le_bytes(*end),
        None => name.iter().fold(0, |end, &byte| end << 8 | u64::from(byte)),
    };
    let hash = (end ^ name.len() as u64).wrapping_mul(FACTOR);
    (hash >> (u64::BITS - KNOWN.ilog2())) as usize
}

impl KnownCode {
    /// The script of this name, for a run.
    ///
    /// # Errors
    /// Of a text: the compiler's message. Of a SHA1: that there is no such script.
    #[inline]
    pub(crate) fn take_script(
        &mut self,
        cache: &ScriptCache,
        name: &[u8],
        by: By,
    ) -> Result<Arc<Script>, ScriptError> {
        let (place, is_named): (_, fn(&Script, &[u8]) -> bool) = match by {
            By::Text => (self.by_text.of(name), |script, name| {
                **script.text() == *name
            }),
            By::Sha => (self.by_sha.of(name), |script, name| {
                script.sha_bytes() == name
            }),
        };
        match place.take() {
            Some(known) if is_named(&known, name) && cache.still_holds(&known) => Ok(known),
            _ => match by {
                By::Text => cache.get_or_compile(name),
                By::Sha => cache.get(name).ok_or(ScriptError::NoScript),
            },
        }
    }

    /// The function of this name, for a run.
    #[inline]
    pub(crate) fn take_function(
        &mut self,
        libraries: &Libraries,
        name: &[u8],
    ) -> Option<Arc<Function>> {
        match self.functions.of(name).take() {
            Some(known) if known.name().as_bytes() == name && known.library().is_there() => {
                Some(known)
            }
            _ => libraries.function(name),
        }
    }

    /// Keeps the code of a run that is over.
    #[inline]
    pub(crate) fn give_back(&mut self, code: Code) {
        match code {
            Code::Function(function) => {
                let place = self.functions.of(function.name().as_bytes());
                *place = Some(function);
            }
            Code::Script(script) => {
                // It is not known by which name it was taken: by the one under which it is missed.
                let place = match self.by_sha.of(script.sha_bytes()) {
                    Some(_) => self.by_text.of(script.text()),
                    empty => empty,
                };
                *place = Some(script);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_script_is_forgotten_with_the_cache() {
        let cache = ScriptCache::default();
        let mut known = KnownCode::default();
        let sha = known
            .take_script(&cache, b"return 1", By::Text)
            .map(|script| *script.sha_bytes())
            .expect("is a script");
        for _ in 0..2 {
            assert!(known.take_script(&cache, &sha, By::Sha).is_ok());
            assert!(
                known
                    .take_script(&cache, &sha.to_ascii_uppercase(), By::Sha)
                    .is_ok()
            );
        }
        cache.flush();
        assert!(matches!(
            known.take_script(&cache, &sha, By::Sha),
            Err(ScriptError::NoScript)
        ));
    }

    #[test]
    fn names_in_the_same_place_are_told_apart() {
        let cache = ScriptCache::default();
        let mut known = KnownCode::default();
        for round in 0..2 {
            for number in 0..3 * KNOWN {
                let text = format!("return {number}");
                let script = known
                    .take_script(&cache, text.as_bytes(), By::Text)
                    .expect("is a script");
                assert_eq!(**script.text(), *text.as_bytes(), "round {round}");
            }
        }
    }

    #[test]
    fn what_was_given_back_is_found_again_by_either_name() {
        let cache = ScriptCache::default();
        let mut known = KnownCode::default();
        let text: &[u8] = b"return 'known'";
        for _ in 0..3 {
            for by in [By::Text, By::Sha] {
                let script = cache.get_or_compile(text).expect("is a script");
                let name = match by {
                    By::Text => text,
                    By::Sha => script.sha_bytes(),
                };
                let taken = known.take_script(&cache, name, by).expect("is there");
                assert!(Arc::ptr_eq(&taken, &script));
                known.give_back(Code::Script(taken));
            }
        }
        let script = cache.get_or_compile(text).expect("is a script");
        assert!(known.by_text.of(text).is_some());
        assert!(known.by_sha.of(script.sha_bytes()).is_some());
    }
}
