//! What a machine runs: a script of EVAL or a function of FCALL.

use std::sync::Arc;

use crate::function::library::Function;
use crate::run_stats::RunStats;
use crate::script::{KeyUse, Script};
use crate::shebang::ScriptFlags;
use crate::widening::Widening;

/// A script or a function.
#[derive(Clone, Debug)]
pub enum Code {
    /// A script.
    Script(Arc<Script>),
    /// A function of a library.
    Function(Arc<Function>),
}

impl Code {
    /// What errors and the log call it: the SHA1 of a script, the name of a function.
    pub fn name(&self) -> &str {
        match self {
            Code::Script(script) => script.sha(),
            Code::Function(function) => function.name(),
        }
    }

    /// The name a script has given itself.
    pub fn given_name(&self) -> Option<&Arc<str>> {
        match self {
            Code::Script(script) => script.name(),
            Code::Function(_) => None,
        }
    }

    /// What is counted of its runs.
    pub fn stats(&self) -> &RunStats {
        match self {
            Code::Script(script) => script.stats(),
            Code::Function(function) => function.stats(),
        }
    }

    /// The text it was made from: the whole library's, for a function.
    pub fn text(&self) -> &Arc<[u8]> {
        match self {
            Code::Script(script) => script.text(),
            Code::Function(function) => function.library().text(),
        }
    }

    /// Which keys it can touch.
    pub fn key_use(&self) -> KeyUse {
        match self {
            Code::Script(script) => script.key_use(),
            Code::Function(function) => function.key_use(),
        }
    }

    /// How runs under few locks went.
    pub fn widening(&self) -> &Widening {
        match self {
            Code::Script(script) => script.widening(),
            Code::Function(function) => function.widening(),
        }
    }

    /// How it is to be run.
    pub fn flags(&self) -> ScriptFlags {
        match self {
            Code::Script(script) => script.flags(),
            Code::Function(function) => function.flags(),
        }
    }
}
