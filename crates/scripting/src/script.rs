//! A script: its text, its code, and what is known of it before it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use lua::proto::Proto;
use thiserror::Error;

use crate::run_stats::RunStats;
use crate::shebang::{self, Head, ScriptFlags};
use crate::widening::Widening;

/// The name scripts go by in error positions: `user_script:1:`. One for all of them.
pub(crate) static CHUNK_NAME: LazyLock<Arc<[u8]>> =
    LazyLock::new(|| Arc::from(&b"@user_script"[..]));

/// Which keys a script can touch, as far as its code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// None: it calls no command that has keys.
    None,
    /// Only the keys it was called with.
    Declared,
    /// Any: its code does not tell.
    Any,
}

/// Why there is no script to run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// No script of this SHA1 is cached.
    #[error("NOSCRIPT No matching script. Please use EVAL.")]
    NoScript,
    /// The text is no Lua; holds the compiler's message with its position.
    #[error("{SYNTAX}{}", String::from_utf8_lossy(.0))]
    Syntax(Vec<u8>),
    /// The first line starts as a shebang and does not end.
    #[error("ERR Invalid script shebang")]
    Shebang,
    /// The quotes in the shebang do not match.
    #[error("ERR Invalid engine in script shebang")]
    ShebangQuotes,
    /// The shebang names no engine we have.
    #[error("{ENGINE}{}", String::from_utf8_lossy(.0))]
    Engine(Vec<u8>),
    /// A word of the shebang that is no option.
    #[error("{OPTION}{}", String::from_utf8_lossy(.0))]
    Option(Vec<u8>),
    /// The shebang names the script twice.
    #[error("ERR Script shebang gives more than one name")]
    SecondName,
    /// The name in the shebang is none.
    #[error(
        "ERR Script names can only contain letters, numbers and _ - . : / and must be 1 to 64 characters long"
    )]
    Name,
    /// A flag nobody knows.
    #[error("{FLAG}{}", String::from_utf8_lossy(.0))]
    Flag(Vec<u8>),
}

const SYNTAX: &str = "ERR Error compiling script (new function): ";
const ENGINE: &str = "ERR Unexpected engine in script shebang: ";
const OPTION: &str = "ERR Unknown lua shebang option: ";
const FLAG: &str = "ERR Unexpected flag in script shebang: ";

impl ScriptError {
    /// The error reply, code first, without the leading `-`. What it repeats of the script keeps its bytes.
    pub fn reply(&self) -> Vec<u8> {
        let (before, repeated) = match self {
            ScriptError::Syntax(message) => (SYNTAX, message),
            ScriptError::Engine(word) => (ENGINE, word),
            ScriptError::Option(word) => (OPTION, word),
            ScriptError::Flag(word) => (FLAG, word),
            other => return other.to_string().into_bytes(),
        };
        [before.as_bytes(), repeated].concat()
    }
}

/// Numbers scripts, in the order in which they are compiled.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// A compiled script. Shared by all threads.
#[derive(Debug)]
pub struct Script {
    /// A number of its own, by which machines remember its function.
    id: u64,
    sha: [u8; 40],
    text: Arc<[u8]>,
    proto: Arc<Proto>,
    key_use: KeyUse,
    widening: Widening,
    flags: ScriptFlags,
    name: Option<Arc<str>>,
    stats: RunStats,
    /// The cache's age when the script was last looked up.
    last_used: AtomicU64,
    /// Whether SCRIPT LOAD brought it: then it is not evicted.
    kept: AtomicBool,
    /// Whether it is in the cache.
    cached: AtomicBool,
}

impl Script {
    pub(crate) fn compile(text: &[u8], sha: [u8; 40]) -> Result<Script, ScriptError> {
        let Head { flags, name, code } = shebang::parse(text)?;
        let proto = lua::compiler::compile_shared(code, &CHUNK_NAME, 0)
            .map_err(|error| ScriptError::Syntax(error.message()))?;
        let proto = Arc::new(proto);
        let key_use = flags.narrow(crate::key_use::of(&proto));
        Ok(Script {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            sha,
            text: text.into(),
            proto,
            key_use,
            widening: Widening::default(),
            flags,
            name,
            stats: RunStats::default(),
            last_used: AtomicU64::new(0),
            kept: AtomicBool::new(false),
            cached: AtomicBool::new(false),
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Dates a use of the script.
    #[inline]
    pub(crate) fn use_at(&self, age: u64) {
        // Mostly nothing is new, and then the line in the caches of other cores may stay.
        if self.last_used.load(Ordering::Relaxed) != age {
            self.last_used.store(age, Ordering::Relaxed);
        }
    }

    pub(crate) fn last_used(&self) -> u64 {
        self.last_used.load(Ordering::Relaxed)
    }

    /// Marks the script as one that stays; when it was last used, if it was not marked before.
    pub(crate) fn keep(&self) -> Option<u64> {
        (!self.kept.swap(true, Ordering::Relaxed)).then(|| self.last_used())
    }

    pub(crate) fn set_cached(&self, cached: bool) {
        self.cached.store(cached, Ordering::Release);
    }

    pub(crate) fn is_cached(&self) -> bool {
        self.cached.load(Ordering::Acquire)
    }

    /// The SHA1 of the text in lower-case hexadecimal digits.
    pub fn sha(&self) -> &str {
        std::str::from_utf8(&self.sha).expect("hexadecimal digits are ASCII")
    }

    /// As [`Script::sha`], for those who compare.
    pub fn sha_bytes(&self) -> &[u8; 40] {
        &self.sha
    }

    /// What the script calls itself, if it does: letters, digits and `_-.:/`. Other scripts may have the same name.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.name.as_ref()
    }

    /// What is counted of its runs.
    pub fn stats(&self) -> &RunStats {
        &self.stats
    }

    /// Whether SCRIPT LOAD brought it, so that it stays until SCRIPT FLUSH.
    pub fn is_kept(&self) -> bool {
        self.kept.load(Ordering::Relaxed)
    }

    /// The text.
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// The code.
    pub fn proto(&self) -> &Arc<Proto> {
        &self.proto
    }

    /// What its first line declares.
    pub fn flags(&self) -> ScriptFlags {
        self.flags
    }

    /// Which keys the script can touch.
    pub fn key_use(&self) -> KeyUse {
        self.key_use
    }

    /// How runs under few locks went.
    pub fn widening(&self) -> &Widening {
        &self.widening
    }

    /// Bytes the script takes: text, code and tables.
    pub fn bytes(&self) -> usize {
        size_of::<Script>() + size_of::<Proto>() + self.text.len() + self.proto.heap_size()
    }
}
