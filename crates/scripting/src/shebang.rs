//! What a script says of itself: how it is to be run, in its first line (`#!lua name=take flags=no-writes,allow-stale`), and its
//! name, there or in a comment at its head (`--!name take`), which other servers read over.

use std::sync::Arc;

use resp::Span;
use resp::words::split_line;

use crate::script::{KeyUse, ScriptError};

/// Bytes of the longest name.
const NAME_BYTES_MAX: usize = 64;

/// How many comment lines at the head of a script may stand before the one with its name.
const HEAD_LINES_MAX: usize = 16;

/// A script's text, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) flags: ScriptFlags,
    /// What the script calls itself.
    pub(crate) name: Option<Arc<str>>,
    /// The Lua code. After a first line with flags it begins with the end of that line, so that lines keep their numbers.
    pub(crate) code: &'a [u8],
}

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

/// Splits a script's text into what it says of itself and its code.
///
/// # Errors
/// What is wrong with the first line.
pub(crate) fn parse(text: &[u8]) -> Result<Head<'_>, ScriptError> {
    let mut head = Head {
        flags: ScriptFlags::default(),
        name: None,
        code: text,
    };
    if text.starts_with(b"#!") {
        head.read_line()?;
    }
    if head.name.is_none() {
        head.name = name_in_comment(head.code);
    }
    Ok(head)
}

impl Head<'_> {
    /// Takes the first line off the code.
    fn read_line(&mut self) -> Result<(), ScriptError> {
        let end = self.code.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or(ScriptError::Shebang)?;
        let mut line = self.code[..end].to_vec();
        let mut spans: Vec<Span> = Vec::new();
        split_line(&mut line, &mut spans).ok_or(ScriptError::ShebangQuotes)?;
        let mut words = spans.iter().map(|span| &line[span.start..span.end]);
        match words.next() {
            Some(b"#!lua") => {}
            engine => return Err(ScriptError::Engine(engine.unwrap_or_default().to_vec())),
        }
        self.flags.declared = true;
        for word in words {
            if let Some(list) = word.strip_prefix(b"flags=") {
                self.read_flags(list)?;
            } else if let Some(name) = word.strip_prefix(b"name=") {
                if self.name.is_some() {
                    return Err(ScriptError::SecondName);
                }
                self.name = Some(name_of(name).ok_or(ScriptError::Name)?);
            } else {
                return Err(ScriptError::Option(word.to_vec()));
            }
        }
        self.code = &self.code[end..];
        Ok(())
    }

    fn read_flags(&mut self, list: &[u8]) -> Result<(), ScriptError> {
        if list.is_empty() {
            return Ok(());
        }
        for name in list.split(|&byte| byte == b',') {
            let known = std::str::from_utf8(name).ok();
            match known.and_then(|name| self.flags.by_name(name)) {
                Some(flag) => *flag = true,
                None => return Err(ScriptError::Flag(name.to_vec())),
            }
        }
        Ok(())
    }
}

/// The name in a comment before the first line of code. One that does not fit is a comment like any other.
fn name_in_comment(code: &[u8]) -> Option<Arc<str>> {
    let lines = code.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines
        .take(HEAD_LINES_MAX)
        .take_while(|line| line.is_empty() || line.starts_with(b"--"))
        .find_map(|line| line.strip_prefix(b"--!name "))
        .and_then(|name| name_of(name.trim_ascii()))
}

fn name_of(name: &[u8]) -> Option<Arc<str>> {
    let fits = |&byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.iter().all(fits) {
        return None;
    }
    std::str::from_utf8(name).ok().map(Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_cut_off_but_counts() {
        let Head { flags, name, code } =
            parse(b"#!lua flags=no-writes,allow-oom\nreturn 1").expect("fits");
        assert!(flags.declared && flags.no_writes && flags.allow_oom && !flags.allow_stale);
        assert_eq!((name, code), (None, &b"\nreturn 1"[..]));
        let plain = parse(b"return 1").expect("fits");
        assert_eq!(plain.code, b"return 1");
        assert!(!plain.flags.declared);
    }

    #[test]
    fn a_script_names_itself_in_its_first_line_or_a_comment() {
        for (text, name) in [
            ("#!lua name=jobs/take-1\nreturn 1", Some("jobs/take-1")),
            ("#!lua flags=no-writes name=a:b\n", Some("a:b")),
            ("#!lua\n--!name take\nreturn 1", Some("take")),
            ("#!lua name=a\n--!name b\n", Some("a")),
            ("--!name take\nreturn 1", Some("take")),
            ("--!name  take \r\nreturn 1", Some("take")),
            ("-- takes a job\n\n  --!name take\nreturn 1", Some("take")),
            ("--!name take", Some("take")),
            (
                "--!df flags=disable-atomicity\n--!name take\n",
                Some("take"),
            ),
            ("--!name two words\n", None),
            ("--!name \n", None),
            ("--!names x\n", None),
            ("return 1 --!name take\n", None),
            ("return 1\n--!name take\n", None),
        ] {
            let head = parse(text.as_bytes()).expect(text);
            assert_eq!(head.name.as_deref(), name, "{text}");
        }
        let longest = format!("--!name {}", "x".repeat(NAME_BYTES_MAX));
        assert!(parse(longest.as_bytes()).expect("fits").name.is_some());
        let longer = format!("{longest}x");
        assert!(parse(longer.as_bytes()).expect("fits").name.is_none());
    }

    #[test]
    fn a_promise_about_keys_is_taken() {
        let code = "return redis.call('get', ARGV[1])";
        for (line, key_use) in [
            ("#!lua\n", KeyUse::Any),
            ("#!lua flags=allow-key-locking\n", KeyUse::Declared),
            ("--!df flags=allow-undeclared-keys\n", KeyUse::Any),
        ] {
            let text = format!("{line}{code}");
            let script = crate::script::Script::compile(text.as_bytes(), [0; 40]);
            assert_eq!(script.expect(line).key_use(), key_use, "{line}");
        }
    }

    #[test]
    fn flags_are_named_in_an_order_of_their_own() {
        let head = parse(b"#!lua flags=allow-stale,no-writes,allow-oom\n").expect("fits");
        assert_eq!(
            head.flags.names(),
            ["no-writes", "allow-oom", "allow-stale"]
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
            (
                "#!lua name=a name=b\n",
                "ERR Script shebang gives more than one name",
            ),
            (
                "#!lua name=\n",
                "ERR Script names can only contain letters, numbers and _ - . : / and must be 1 to 64 characters long",
            ),
            ("#!lua NAME=a\n", "ERR Unknown lua shebang option: NAME=a"),
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
