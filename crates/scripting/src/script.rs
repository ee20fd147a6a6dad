//! A script: its text, its code, and what is known of it before it runs.

use std::sync::Arc;

use lua::proto::Proto;
use thiserror::Error;

/// The name scripts go by in error positions: `user_script:1:`.
pub(crate) const CHUNK_NAME: &[u8] = b"@user_script";

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
    #[error("ERR Error compiling script (new function): {0}")]
    Syntax(String),
}

/// A compiled script. Shared by all threads.
#[derive(Debug)]
pub struct Script {
    sha: [u8; 40],
    text: Arc<[u8]>,
    proto: Arc<Proto>,
    key_use: KeyUse,
}

impl Script {
    pub(crate) fn compile(text: &[u8], sha: [u8; 40]) -> Result<Script, ScriptError> {
        let proto = lua::compiler::compile(text, CHUNK_NAME).map_err(|error| {
            ScriptError::Syntax(String::from_utf8_lossy(&error.message()).into_owned())
        })?;
        let proto = Arc::new(proto);
        let key_use = crate::key_use::of(&proto);
        Ok(Script {
            sha,
            text: text.into(),
            proto,
            key_use,
        })
    }

    /// The SHA1 of the text in lower-case hexadecimal digits.
    pub fn sha(&self) -> &str {
        std::str::from_utf8(&self.sha).expect("hexadecimal digits are ASCII")
    }

    pub(crate) fn sha_bytes(&self) -> &[u8; 40] {
        &self.sha
    }

    /// The text.
    pub fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// The code.
    pub fn proto(&self) -> &Arc<Proto> {
        &self.proto
    }

    /// Which keys the script can touch.
    pub fn key_use(&self) -> KeyUse {
        self.key_use
    }

    /// Bytes the script takes: text, code and tables.
    pub fn bytes(&self) -> usize {
        size_of::<Script>() + self.text.len() + self.proto.heap_size()
    }
}
