//! The first line of a script that says how it is to be run: `#!lua flags=no-writes,allow-stale`.

use resp::Span;
use resp::words::split_line;

use crate::script::{KeyUse, ScriptError};

/// What a script says of itself in its first line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptFlags {
    /// There is such a line. A script without one is run as scripts were before there were flags.
    pub declared: bool,
    /// It writes nothing, so that it may run where writing is refused.
    pub no_writes: bool,
    /// It may run when memory is short.
    pub allow_oom: bool,
    /// It may run on a replica whose data is stale.
    pub allow_stale: bool,
    /// It must not run on a node of a cluster.
    pub no_cluster: bool,
    /// It may touch keys of several slots.
    pub allow_cross_slot_keys: bool,
    /// It promises to touch no keys but its own, and is to lock no others: Upstash's flag.
    pub allow_key_locking: bool,
    /// It is all or nothing: if it fails, what it wrote is undone.
    pub atomic: bool,
}

/// The flags' names, in the order in which FUNCTION LIST tells them.
const NAMES: [&str; 7] = [
    "no-writes",
    "allow-oom",
    "allow-stale",
    "no-cluster",
    "allow-cross-slot-keys",
    "allow-key-locking",
    "atomic",
];

impl ScriptFlags {
    /// The flags of a function that declares none: they count all the same.
    pub(crate) fn of_function() -> ScriptFlags {
        ScriptFlags {
            declared: true,
            ..ScriptFlags::default()
        }
    }

    /// The flag of a name, to be set.
    pub(crate) fn by_name(&mut self, name: &str) -> Option<&mut bool> {
        let index = NAMES.iter().position(|known| *known == name)?;
        self.all().into_iter().nth(index)
    }

    fn all(&mut self) -> [&mut bool; NAMES.len()] {
        [
            &mut self.no_writes,
            &mut self.allow_oom,
            &mut self.allow_stale,
            &mut self.no_cluster,
            &mut self.allow_cross_slot_keys,
            &mut self.allow_key_locking,
            &mut self.atomic,
        ]
    }

    /// The names of the flags that are set.
    pub fn names(mut self) -> Vec<&'static str> {
        let set = self.all();
        let named = NAMES.iter().zip(set);
        named
            .filter(|(_, set)| **set)
            .map(|(name, _)| *name)
            .collect()
    }

    /// What can be touched by code of which `key_use` is known, given these flags.
    pub(crate) fn narrow(self, key_use: KeyUse) -> KeyUse {
        if self.allow_key_locking && key_use == KeyUse::Any {
            KeyUse::Declared
        } else {
            key_use
        }
    }
}

/// Splits a script's text into what its first line declares and the Lua code, which begins with the end of that line so
/// that lines keep their numbers.
///
/// # Errors
/// What is wrong with the line.
pub(crate) fn parse(text: &[u8]) -> Result<(ScriptFlags, &[u8]), ScriptError> {
    let mut flags = ScriptFlags::default();
    if !text.starts_with(b"#!") {
        return Ok((flags, text));
    }
    let end = text
        .iter()
        .position(|&byte| byte == b'\n')
        .ok_or(ScriptError::Shebang)?;
    let mut line = text[..end].to_vec();
    let mut spans: Vec<Span> = Vec::new();
    split_line(&mut line, &mut spans).ok_or(ScriptError::ShebangQuotes)?;
    let mut words = spans
        .iter()
        .map(|span| String::from_utf8_lossy(&line[span.start..span.end]));
    match words.next() {
        Some(engine) if engine == "#!lua" => {}
        engine => {
            return Err(ScriptError::Engine(engine.unwrap_or_default().into_owned()));
        }
    }
    flags.declared = true;
    for word in words {
        let Some(list) = word.strip_prefix("flags=") else {
            return Err(ScriptError::Option(word.into_owned()));
        };
        if list.is_empty() {
            continue;
        }
        for name in list.split(',') {
            match flags.by_name(name) {
                Some(flag) => *flag = true,
                None => return Err(ScriptError::Flag(name.to_owned())),
            }
        }
    }
    Ok((flags, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_cut_off_but_counts() {
        let (flags, code) = parse(b"#!lua flags=no-writes,allow-oom\nreturn 1").expect("fits");
        assert!(flags.declared && flags.no_writes && flags.allow_oom && !flags.allow_stale);
        assert_eq!(code, b"\nreturn 1");
        assert_eq!(
            parse(b"return 1"),
            Ok((ScriptFlags::default(), &b"return 1"[..]))
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, error) in [
            ("#!lua", "ERR Invalid script shebang"),
            ("#!lua \"x\n", "ERR Invalid engine in script shebang"),
            ("#! lua\n", "ERR Unexpected engine in script shebang: #!"),
            ("#!LUA\n", "ERR Unexpected engine in script shebang: #!LUA"),
            (
                "#!lua flags=a\n",
                "ERR Unexpected flag in script shebang: a",
            ),
            (
                "#!lua flags=no-writes,\n",
                "ERR Unexpected flag in script shebang: ",
            ),
            ("#!lua flags= a\n", "ERR Unknown lua shebang option: a"),
        ] {
            assert_eq!(
                parse(text.as_bytes()).expect_err(text).to_string(),
                error,
                "{text}"
            );
        }
    }
}
