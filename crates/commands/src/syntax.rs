//! What arguments a command takes, as data: for COMMAND DOCS, from which clients make hints, and for HELP texts.

/// An argument, or a group of them.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name in documentation.
    pub name: &'static str,
    /// What it is.
    pub kind: ArgumentKind,
    /// The word that stands before it, or that it consists of.
    pub token: Option<&'static str>,
    /// It may be left out.
    pub optional: bool,
    /// It may come several times.
    pub repeated: bool,
    /// Its token is repeated with it.
    pub token_repeated: bool,
    /// The Redis version that brought it, if it is younger than the command.
    pub since: Option<&'static str>,
    /// The Redis version that deprecated it.
    pub deprecated_since: Option<&'static str>,
}

/// What an argument is.
#[derive(Clone, Copy, Debug)]
pub enum ArgumentKind {
    /// A key; which of the command's key specs finds it.
    Key(Option<usize>),
    /// Any bytes.
    String,
    /// A 64-bit integer.
    Integer,
    /// A floating-point number.
    Double,
    /// A glob pattern.
    Pattern,
    /// A pattern that names keys; which of the command's key specs stands for them.
    KeyPattern(usize),
    /// A Unix time.
    UnixTime,
    /// A word that stands for itself.
    Word,
    /// One of these.
    OneOf(&'static [Argument]),
    /// All of these, in order.
    Block(&'static [Argument]),
}

impl ArgumentKind {
    /// As COMMAND DOCS names it.
    pub fn name(self) -> &'static str {
        match self {
            ArgumentKind::Key(_) => "key",
            ArgumentKind::String => "string",
            ArgumentKind::Integer => "integer",
            ArgumentKind::Double => "double",
            ArgumentKind::Pattern | ArgumentKind::KeyPattern(_) => "pattern",
            ArgumentKind::UnixTime => "unix-time",
            ArgumentKind::Word => "pure-token",
            ArgumentKind::OneOf(_) => "oneof",
            ArgumentKind::Block(_) => "block",
        }
    }

    /// What a group consists of.
    pub fn parts(self) -> &'static [Argument] {
        match self {
            ArgumentKind::OneOf(parts) | ArgumentKind::Block(parts) => parts,
            _ => &[],
        }
    }
}

impl Argument {
    const fn new(name: &'static str, kind: ArgumentKind) -> Argument {
        Argument {
            name,
            kind,
            token: None,
            optional: false,
            repeated: false,
            token_repeated: false,
            since: None,
            deprecated_since: None,
        }
    }
    /// A key that the command's key spec of this index finds.
    pub const fn key(name: &'static str, spec: usize) -> Argument {
        Argument::new(name, ArgumentKind::Key(Some(spec)))
    }
    /// A key that no key spec finds.
    pub const fn free_key(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Key(None))
    }
    /// Any bytes.
    pub const fn string(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::String)
    }
    /// A 64-bit integer.
    pub const fn integer(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Integer)
    }
    /// A floating-point number.
    pub const fn double(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Double)
    }
    /// A glob pattern.
    pub const fn pattern(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Pattern)
    }
    /// A pattern that names the keys of the command's key spec of this index.
    pub const fn key_pattern(name: &'static str, spec: usize) -> Argument {
        Argument::new(name, ArgumentKind::KeyPattern(spec))
    }
    /// A Unix time.
    pub const fn unix_time(name: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::UnixTime)
    }
    /// A word that stands for itself.
    pub const fn word(name: &'static str, word: &'static str) -> Argument {
        Argument::new(name, ArgumentKind::Word).after(word)
    }
    /// One of `parts`.
    pub const fn one_of(name: &'static str, parts: &'static [Argument]) -> Argument {
        Argument::new(name, ArgumentKind::OneOf(parts))
    }
    /// All of `parts`, in order.
    pub const fn block(name: &'static str, parts: &'static [Argument]) -> Argument {
        Argument::new(name, ArgumentKind::Block(parts))
    }
    /// The same with a word before it.
    pub const fn after(mut self, token: &'static str) -> Argument {
        self.token = Some(token);
        self
    }
    /// The same, but it may be left out.
    pub const fn optional(mut self) -> Argument {
        self.optional = true;
        self
    }
    /// The same, but it may come several times.
    pub const fn repeated(mut self) -> Argument {
        self.repeated = true;
        self
    }
    /// The same, but it may come several times, each time with its token.
    pub const fn repeated_with_token(mut self) -> Argument {
        self.repeated = true;
        self.token_repeated = true;
        self
    }
    /// The same with the Redis version that brought it.
    pub const fn since(mut self, version: &'static str) -> Argument {
        self.since = Some(version);
        self
    }
    /// The same with the Redis version that deprecated it.
    pub const fn deprecated_since(mut self, version: &'static str) -> Argument {
        self.deprecated_since = Some(version);
        self
    }
}

/// The arguments as a line of documentation: `<key> [SAMPLES <count>]`.
pub fn usage(arguments: &[Argument]) -> String {
    let all: Vec<String> = arguments.iter().map(usage_of).collect();
    all.join(" ")
}

fn usage_of(argument: &Argument) -> String {
    let content = match argument.kind {
        ArgumentKind::Word => String::new(),
        ArgumentKind::Block(parts) => usage(parts),
        ArgumentKind::OneOf(parts) => {
            let choices: Vec<String> = parts.iter().map(usage_of).collect();
            let choices = choices.join("|");
            if argument.optional && argument.token.is_none() {
                choices
            } else {
                format!("({choices})")
            }
        }
        _ => format!("<{}>", argument.name),
    };
    let once = match argument.token {
        Some(token) if content.is_empty() => token.to_owned(),
        Some(token) => format!("{token} {content}"),
        None => content.clone(),
    };
    let again = if argument.token_repeated {
        &once
    } else {
        &content
    };
    let whole = if argument.repeated {
        format!("{once} [{again} ...]")
    } else {
        once.clone()
    };
    if argument.optional {
        format!("[{whole}]")
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_reads_as_manuals_do() {
        const ARGUMENTS: &[Argument] = &[
            Argument::key("key", 0),
            Argument::one_of(
                "condition",
                &[Argument::word("nx", "NX"), Argument::word("xx", "XX")],
            )
            .optional(),
            Argument::integer("count").after("COUNT").optional(),
            Argument::string("member").repeated(),
            Argument::pattern("pattern")
                .after("GET")
                .repeated_with_token()
                .optional(),
            Argument::one_of(
                "mode",
                &[Argument::word("yes", "YES"), Argument::word("no", "NO")],
            ),
        ];
        assert_eq!(
            usage(ARGUMENTS),
            "<key> [NX|XX] [COUNT <count>] <member> [<member> ...] \
             [GET <pattern> [GET <pattern> ...]] (YES|NO)"
        );
    }
}
