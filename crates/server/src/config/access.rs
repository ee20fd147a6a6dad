//! CONFIG GET and CONFIG SET.

use std::sync::PoisonError;

use resp::parse::split_line;
use types::glob;

use super::enums::LocalSwitch;
use super::settings::Source;
use super::{Config, ConfigStore, Directive, Invalid, TABLE, find};

/// Why CONFIG SET changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No directive has this name.
    #[error("Unknown option or number of arguments for CONFIG SET - '{}'", String::from_utf8_lossy(.0))]
    Unknown(Vec<u8>),
    /// A directive could not be set.
    #[error("CONFIG SET failed (possibly related to argument '{name}') - {reason}")]
    Refused {
        /// The directive.
        name: String,
        /// What is wrong.
        reason: Refusal,
    },
}

impl SetError {
    /// The error reply's text, with its code.
    pub fn reply(&self) -> Vec<u8> {
        match self {
            SetError::Unknown(name) => [
                b"ERR Unknown option or number of arguments for CONFIG SET - '".as_slice(),
                name.as_slice(),
                b"'",
            ]
            .concat(),
            refused => format!("ERR {refused}").into_bytes(),
        }
    }
}

/// Why a directive could not be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Only settable at start.
    #[error("can't set immutable config")]
    Immutable,
    /// Protected, and `enable-protected-configs` does not allow it to this client.
    #[error("can't set protected config")]
    Protected,
    /// Named twice.
    #[error("duplicate parameter")]
    Duplicate,
    /// A bad value.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A good value that could not be put into effect.
    #[error("{0}")]
    NotApplied(String),
}

/// Splits the value of a directive that takes many words as a line of redis.conf is split. A value that
/// cannot be split is one word.
pub(super) fn split_value(value: &[u8]) -> Vec<Vec<u8>> {
    let mut line = value.to_vec();
    let mut spans = Vec::new();
    match split_line(&mut line, &mut spans) {
        Some(()) if !spans.is_empty() => spans.iter().map(|span| span.of(&line).to_vec()).collect(),
        _ => vec![value.to_vec()],
    }
}

impl Directive {
    /// Sets the directive in `config` from one text value, as CONFIG SET has it.
    pub(super) fn set_text(
        &self,
        config: &mut Config,
        value: &[u8],
        source: Source,
    ) -> Result<(), Invalid> {
        if self.many {
            let words = split_value(value);
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            (self.assign)(config, &words, self, source)
        } else {
            (self.assign)(config, &[value], self, source)
        }
    }
}

/// The names and values CONFIG GET shows for some patterns, each once. An exact name finds hidden
/// directives too, and is shown as it was asked for.
pub fn get(config: &Config, patterns: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut add = |name: &[u8], directive: &Directive| {
        if !found
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            found.push((name.to_vec(), directive.value(config)));
        }
    };
    for pattern in patterns {
        if !pattern
            .iter()
            .any(|byte| matches!(byte, b'*' | b'?' | b'['))
        {
            if let Some(directive) = find(pattern) {
                add(pattern, directive);
            }
            continue;
        }
        for directive in TABLE.iter().filter(|directive| !directive.is_hidden()) {
            for name in [Some(directive.name), directive.alias]
                .into_iter()
                .flatten()
            {
                if glob::matches(pattern, name.as_bytes(), true) {
                    add(name.as_bytes(), directive);
                }
            }
        }
    }
    found
}

impl ConfigStore {
    /// CONFIG SET: sets all the directives named in `pairs`, or none.
    ///
    /// `is_local` says whether the client is on this machine, for `enable-protected-configs local`.
    /// `apply` puts the new values into effect where more is needed than to publish them (a port, a log
    /// file): it gets the old and the new values and the directives whose values differ, and names the
    /// one that failed, having undone what it did. Other threads see the new values after it succeeded.
    ///
    /// # Errors
    /// See [`SetError`]; nothing has changed then.
    pub fn set(
        &self,
        pairs: &[(&[u8], &[u8])],
        is_local: bool,
        apply: impl FnOnce(
            &Config,
            &Config,
            &[&'static Directive],
        ) -> Result<(), (&'static str, String)>,
    ) -> Result<(), SetError> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.current();
        let refused = |name: &[u8], reason: Refusal| SetError::Refused {
            name: String::from_utf8_lossy(name).into_owned(),
            reason,
        };
        let protected_allowed = match old.enable_protected_configs {
            LocalSwitch::No => false,
            LocalSwitch::Yes => true,
            LocalSwitch::Local => is_local,
        };
        // All names are checked before the first value is looked at.
        let mut directives: Vec<&'static Directive> = Vec::with_capacity(pairs.len());
        for (index, (name, _)) in pairs.iter().enumerate() {
            let Some(directive) = find(name) else {
                return Err(SetError::Unknown(name.to_vec()));
            };
            if directive.is_immutable() {
                return Err(refused(name, Refusal::Immutable));
            }
            if directive.is_protected() && !protected_allowed {
                return Err(refused(name, Refusal::Protected));
            }
            // A name and its alias may stand side by side; the later one wins.
            if pairs[..index]
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
            {
                return Err(refused(name, Refusal::Duplicate));
            }
            directives.push(directive);
        }
        let mut new = Config::clone(&old);
        for (directive, (name, value)) in directives.iter().zip(pairs) {
            directive
                .set_text(&mut new, value, Source::Command)
                .map_err(|invalid| refused(&name.to_ascii_lowercase(), invalid.into()))?;
        }
        new.normalize();
        let changed: Vec<&'static Directive> = directives
            .into_iter()
            .filter(|directive| !directive.is_same(&old, &new))
            .collect();
        apply(&old, &new, &changed).map_err(|(name, reason)| SetError::Refused {
            name: name.to_owned(),
            reason: Refusal::NotApplied(reason),
        })?;
        self.publish(new);
        Ok(())
    }
}
