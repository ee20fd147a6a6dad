//! A library: its text, its code, and the functions its code registers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use lua::proto::Proto;
use thiserror::Error;

use super::header::Header;
use super::registration::Registered;
use crate::host::LogLevel;
use crate::key_use::library as key_use;
use crate::machine::Machine;
use crate::run_stats::RunStats;
use crate::script::KeyUse;
use crate::shebang::ScriptFlags;
use crate::widening::Widening;

/// The name libraries go by in error positions: `user_function:1:`.
const CHUNK_NAME: &[u8] = b"@user_function";

/// Numbers libraries, in the order in which they are loaded.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Why a library is not loaded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LibraryError {
    /// There is no first line that says what it is.
    #[error("ERR Missing library metadata")]
    NoMetadata,
    /// The first line does not end, or its quotes do not match.
    #[error("ERR Invalid library metadata")]
    Metadata,
    /// A word of the first line that says nothing known.
    #[error("{METADATA_VALUE}{}", String::from_utf8_lossy(.0))]
    MetadataValue(Vec<u8>),
    /// The first line gives two names.
    #[error("ERR Invalid metadata value, name argument was given multiple times")]
    SecondName,
    /// The first line gives no name.
    #[error("ERR Library name was not given")]
    NoName,
    /// The library's name has other characters.
    #[error(
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
    )]
    Name,
    /// The first line names no engine we have.
    #[error("{ENGINE}{}{NOT_FOUND}", String::from_utf8_lossy(.0))]
    Engine(Vec<u8>),
    /// There is a library of this name.
    #[error("ERR Library '{0}' already exists")]
    Exists(String),
    /// The code is no Lua; holds the compiler's message with its position.
    #[error("{SYNTAX}{}", String::from_utf8_lossy(.0))]
    Syntax(Vec<u8>),
    /// The code failed when it was run to register its functions.
    #[error("{REGISTRATION}{}", String::from_utf8_lossy(.0))]
    Registration(Vec<u8>),
    /// The code took too long.
    #[error("ERR Error registering functions: ERR FUNCTION LOAD timeout")]
    Timeout,
    /// The code registered nothing.
    #[error("ERR No functions registered")]
    NoFunctions,
    /// Another library has a function of this name.
    #[error("ERR Function {0} already exists")]
    FunctionExists(String),
    /// RESTORE met a library that is there.
    #[error("ERR Library {0} already exists")]
    RestoredExists(String),
    /// DELETE met none.
    #[error("ERR Library not found")]
    Unknown,
}

const METADATA_VALUE: &str = "ERR Invalid metadata value given: ";
const ENGINE: &str = "ERR Engine '";
const NOT_FOUND: &str = "' not found";
const SYNTAX: &str = "ERR Error compiling function: ";
const REGISTRATION: &str = "ERR Error registering functions: ";

impl LibraryError {
    /// The error reply, code first, without the leading `-`. What it repeats of the library keeps its bytes.
    pub fn reply(&self) -> Vec<u8> {
        let (before, repeated, after) = match self {
            LibraryError::MetadataValue(word) => (METADATA_VALUE, word, ""),
            LibraryError::Engine(word) => (ENGINE, word, NOT_FOUND),
            LibraryError::Syntax(message) => (SYNTAX, message, ""),
            LibraryError::Registration(message) => (REGISTRATION, message, ""),
            other => return other.to_string().into_bytes(),
        };
        [before.as_bytes(), repeated, after.as_bytes()].concat()
    }
}

/// A library. Shared by all threads.
#[derive(Debug)]
pub struct Library {
    /// A number of its own, by which machines remember its functions.
    id: u64,
    name: String,
    text: Arc<[u8]>,
    proto: Arc<Proto>,
    has_state: bool,
    /// It was taken out, or another one took its place.
    gone: AtomicBool,
}

impl Library {
    /// Whether it has not been taken out since it was loaded. Takes no lock.
    #[inline]
    pub fn is_there(&self) -> bool {
        !self.gone.load(Ordering::Acquire)
    }

    pub(super) fn set_gone(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Its number: no other library ever has it, not even one loaded in its place.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text it was loaded from.
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// Its code, which registers its functions when it is run.
    pub(crate) fn proto(&self) -> &Arc<Proto> {
        &self.proto
    }

    /// Whether its functions may leave something behind in variables or tables of the library for later calls. All calls
    /// of such a library must run on one machine, one after the other.
    pub fn has_state(&self) -> bool {
        self.has_state
    }

    /// Bytes the library takes: text, code and tables.
    pub fn bytes(&self) -> usize {
        size_of::<Library>() + self.text.len() + self.proto.heap_size()
    }
}

/// A function of a library. Shared by all threads.
#[derive(Debug)]
pub struct Function {
    library: Arc<Library>,
    /// Its place among the functions of the library.
    index: usize,
    name: String,
    description: Option<Box<[u8]>>,
    flags: ScriptFlags,
    key_use: KeyUse,
    stats: RunStats,
    widening: Widening,
}

impl Function {
    /// The library it belongs to.
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its author says of it.
    pub fn description(&self) -> Option<&[u8]> {
        self.description.as_deref()
    }

    /// How it is to be run. Flags of functions count even where none is given.
    pub fn flags(&self) -> ScriptFlags {
        self.flags
    }

    /// Which keys it can touch.
    pub fn key_use(&self) -> KeyUse {
        self.key_use
    }

    /// What is counted of its runs.
    pub fn stats(&self) -> &RunStats {
        &self.stats
    }

    /// How runs under few locks went.
    pub fn widening(&self) -> &Widening {
        &self.widening
    }

    /// Bytes it takes beside its library.
    fn bytes(&self) -> usize {
        size_of::<Function>()
            + self.name.len()
            + self.description.as_ref().map_or(0, |text| text.len())
    }
}

/// A library with its functions, in the order of their registration.
#[derive(Clone, Debug)]
pub struct LoadedLibrary {
    /// The library.
    pub library: Arc<Library>,
    /// Its functions.
    pub functions: Vec<Arc<Function>>,
}

/// A line that a library's code wrote to the log while it was loaded.
pub type LogLine = (LogLevel, Vec<u8>);

impl LoadedLibrary {
    /// Compiles a library and runs its code on `machine`, which is fresh and is dropped afterwards: a failed load leaves
    /// nothing behind.
    pub(super) fn load(
        text: &[u8],
        header: &Header<'_>,
        machine: &mut Machine,
        log: &mut Vec<LogLine>,
    ) -> Result<LoadedLibrary, LibraryError> {
        let proto = lua::compiler::compile(header.code, CHUNK_NAME)
            .map_err(|error| LibraryError::Syntax(error.message()))?;
        let proto = Arc::new(proto);
        let registration = machine.register(&proto)?;
        log.extend(registration.log);
        if registration.functions.is_empty() {
            return Err(LibraryError::NoFunctions);
        }
        let callbacks: Vec<Option<Arc<Proto>>> = registration
            .callbacks
            .iter()
            .map(|&callback| machine.prototype(callback))
            .collect();
        let key_use = key_use::of(&proto, &callbacks);
        let library = Arc::new(Library {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            name: header.name.clone(),
            text: text.into(),
            proto,
            has_state: key_use.has_state,
            gone: AtomicBool::new(false),
        });
        let functions = registration
            .functions
            .into_iter()
            .zip(key_use.functions)
            .enumerate()
            .map(|(index, (registered, key_use))| {
                let Registered {
                    name,
                    description,
                    flags,
                } = registered;
                Arc::new(Function {
                    library: Arc::clone(&library),
                    index,
                    name,
                    description,
                    flags,
                    key_use: flags.narrow(key_use),
                    stats: RunStats::default(),
                    widening: Widening::default(),
                })
            })
            .collect();
        Ok(LoadedLibrary { library, functions })
    }

    /// Bytes the library and its functions take.
    pub fn bytes(&self) -> usize {
        let functions: usize = self.functions.iter().map(|function| function.bytes()).sum();
        self.library.bytes() + functions
    }
}
