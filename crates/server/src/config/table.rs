//! What a row of the directives' table is, and the macro that makes the table and [`Config`] from one
//! list.

use super::Config;
use super::settings::{Invalid, Line, Source};

/// No flag.
pub const NONE: u8 = 0;
/// Can only be set at start.
pub const IMMUTABLE: u8 = 1;
/// Can be set at run time only if `enable-protected-configs` allows it.
pub const PROTECTED: u8 = 2;
/// The value is a secret, kept out of logs.
pub const SENSITIVE: u8 = 4;
/// Not listed by patterns of CONFIG GET, only by its exact name.
pub const HIDDEN: u8 = 8;

/// What a value of a directive is held to, beyond its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Nothing more.
    Any,
    /// An integer within these bounds.
    Range(i64, i64),
    /// A number of bytes with an optional unit, within these bounds.
    Memory(i64, i64),
    /// A number of bytes with an optional unit, of any size.
    MemoryUnlimited,
    /// Text without `/`.
    FileName,
    /// Text that is not empty and has no `/`.
    RequiredFileName,
    /// Text that may be a host name.
    HostName,
    /// Text with the variables a process title may have.
    ProcessTitle,
    /// A switch that stays off because the server lacks what it needs.
    Unsupported,
}

/// Sets a directive's field from words.
type Assign = fn(&mut Config, &[&[u8]], &Directive, Source) -> Result<(), Invalid>;

/// A row of the table: one directive and how to reach its field of [`Config`].
#[derive(Debug)]
pub struct Directive {
    /// Its name in redis.conf.
    pub name: &'static str,
    /// An older name that means the same.
    pub alias: Option<&'static str>,
    /// What it does.
    pub summary: &'static str,
    pub(super) rule: Rule,
    pub(super) flags: u8,
    /// Whether it takes any number of words.
    pub(super) many: bool,
    pub(super) assign: Assign,
    pub(super) format: fn(&Config) -> Vec<u8>,
    pub(super) lines: fn(&Config, &Directive) -> Vec<Line>,
    pub(super) same: fn(&Config, &Config) -> bool,
}

impl Directive {
    /// Whether it can only be set at start.
    pub fn is_immutable(&self) -> bool {
        self.flags & IMMUTABLE != 0
    }

    /// Whether CONFIG SET needs the permission of `enable-protected-configs`.
    pub fn is_protected(&self) -> bool {
        self.flags & PROTECTED != 0
    }

    /// Whether its value is a secret.
    pub fn is_sensitive(&self) -> bool {
        self.flags & SENSITIVE != 0
    }

    /// Whether only its exact name finds it.
    pub fn is_hidden(&self) -> bool {
        self.flags & HIDDEN != 0
    }

    /// Its value as CONFIG GET shows it.
    pub fn value(&self, config: &Config) -> Vec<u8> {
        (self.format)(config)
    }

    /// Whether two configurations have the same value of it.
    pub fn is_same(&self, one: &Config, other: &Config) -> bool {
        (self.same)(one, other)
    }
}

macro_rules! directives {
    ($(
        #[doc = $doc:literal]
        $(#[doc = $more:literal])*
        $name:literal $(| $alias:literal)? => $field:ident: $type:ty = $default:expr, $rule:expr, $flags:expr;
    )*) => {
        /// The values of all directives. A snapshot: it does not change once it is shared.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $(
                #[doc = $doc]
                $(#[doc = $more])*
                pub $field: $type,
            )*
        }

        impl Default for Config {
            fn default() -> Self {
                Config { $($field: $default,)* }
            }
        }

        /// All directives, in the order they are listed and written in.
        pub static TABLE: &[Directive] = &[$(
            Directive {
                name: $name,
                alias: directives!(@alias $($alias)?),
                summary: concat!($doc $(, $more)*),
                rule: $rule,
                flags: $flags,
                many: <$type as Setting>::MANY,
                assign: |config, words, directive, source| {
                    config.$field.assign(words, directive, source)
                },
                format: |config| config.$field.format(),
                lines: |config, directive| config.$field.lines(directive),
                same: |one, other| one.$field == other.$field,
            },
        )*];
    };
    (@alias) => { None };
    (@alias $alias:literal) => { Some($alias) };
}
pub(super) use directives;
