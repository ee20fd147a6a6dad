//! Types of directives' values: what each must be able to do, and those that are one word. Those of
//! many words are in [`lists`](super::lists).

use std::path::{Path, PathBuf};

use resp::parse::quote;

pub use super::invalid::Invalid;
pub use super::lists::*;
use super::table::{Directive, Rule};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A line of the configuration file or a command-line option.
    File,
    /// CONFIG SET.
    Command,
}

/// A line that CONFIG REWRITE wants in the file, without the directive's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The words, quoted where they need it.
    pub words: Vec<u8>,
    /// Whether the line says the default, and so is written only over an old one.
    pub is_default: bool,
}

/// A type of value.
pub trait Setting {
    /// Whether any number of words is taken; otherwise it is exactly one.
    const MANY: bool = false;

    /// Sets the value from words.
    fn assign(
        &mut self,
        words: &[&[u8]],
        directive: &Directive,
        source: Source,
    ) -> Result<(), Invalid>;

    /// The value as CONFIG GET shows it.
    fn format(&self) -> Vec<u8>;

    /// The lines that stand for the value in redis.conf; none if it takes no line. `is_default` is set by
    /// the caller for values of one line.
    fn lines(&self, _: &Directive) -> Vec<Line> {
        vec![Line {
            words: self.format(),
            is_default: false,
        }]
    }
}

/// A text value: any bytes.
pub type Text = Vec<u8>;

/// A text value of a literal.
pub(super) fn text(literal: &str) -> Text {
    literal.as_bytes().to_vec()
}

/// A line of plain words.
pub(super) fn quoted_line_words(_: &Directive, words: &[&[u8]]) -> Vec<Line> {
    vec![Line {
        words: words.join(&b' '),
        is_default: false,
    }]
}

pub(super) fn one<'a>(words: &[&'a [u8]]) -> Result<&'a [u8], Invalid> {
    match words {
        [word] => Ok(word),
        _ => Err(Invalid::WordCount),
    }
}

/// Reads a decimal integer with nothing around it.
pub(super) fn integer(word: &[u8]) -> Option<i64> {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    if digits.is_empty() || (digits[0] == b'0' && word.len() > 1) {
        return None;
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// Reads a number of bytes with an optional unit: `b`, `k` and `kb`, `m` and `mb`, `g` and `gb`, where
/// the short forms are powers of ten. Too large numbers saturate; no digits at all are 0.
pub fn memory(word: &[u8]) -> Option<u64> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = word.split_at(digits);
    let factor: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number = number.iter().fold(0_u64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    Some(number.saturating_mul(factor))
}

/// Bytes as redis.conf has them: with the largest unit that divides them.
pub(super) fn with_unit(bytes: u64) -> String {
    match bytes {
        0 => "0".to_owned(),
        n if n % (1 << 30) == 0 => format!("{}gb", n >> 30),
        n if n % (1 << 20) == 0 => format!("{}mb", n >> 20),
        n if n % (1 << 10) == 0 => format!("{}kb", n >> 10),
        n => n.to_string(),
    }
}

impl Setting for bool {
    fn assign(&mut self, words: &[&[u8]], directive: &Directive, _: Source) -> Result<(), Invalid> {
        let word = one(words)?;
        let value = if word.eq_ignore_ascii_case(b"yes") {
            true
        } else if word.eq_ignore_ascii_case(b"no") {
            false
        } else {
            return Err(Invalid::Boolean);
        };
        if value && directive.rule == Rule::Unsupported {
            return Err(Invalid::NoDefragmentation);
        }
        *self = value;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        text(if *self { "yes" } else { "no" })
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Setting for $type {
            fn assign(&mut self, words: &[&[u8]], directive: &Directive, _: Source) -> Result<(), Invalid> {
                let word = one(words)?;
                let (value, low, high) = match directive.rule {
                    Rule::Memory(low, high) => {
                        let bytes = memory(word).ok_or(Invalid::Memory)?;
                        (i64::try_from(bytes).map_err(|_| Invalid::Range(low, high))?, low, high)
                    }
                    Rule::MemoryUnlimited => {
                        let bytes = memory(word).ok_or(Invalid::Memory)?;
                        *self = <$type>::try_from(bytes).map_err(|_| Invalid::Memory)?;
                        return Ok(());
                    }
                    Rule::Range(low, high) => (integer(word).ok_or(Invalid::Integer)?, low, high),
                    _ => (integer(word).ok_or(Invalid::Integer)?, i64::MIN, i64::MAX),
                };
                if value < low || value > high {
                    return Err(Invalid::Range(low, high));
                }
                *self = <$type>::try_from(value).map_err(|_| Invalid::Range(low, high))?;
                Ok(())
            }

            fn format(&self) -> Vec<u8> {
                self.to_string().into_bytes()
            }

            fn lines(&self, directive: &Directive) -> Vec<Line> {
                let words = match (directive.rule, u64::try_from(*self)) {
                    (Rule::Memory(..) | Rule::MemoryUnlimited, Ok(bytes)) => with_unit(bytes),
                    _ => self.to_string(),
                };
                vec![Line { words: words.into_bytes(), is_default: false }]
            }
        }
    )*};
}

integers! { u16 u32 i32 u64 i64 }

/// A number in octal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Octal(pub u32);

impl Setting for Octal {
    fn assign(&mut self, words: &[&[u8]], directive: &Directive, _: Source) -> Result<(), Invalid> {
        let word = one(words)?;
        let value = if word.is_empty() {
            0
        } else {
            std::str::from_utf8(word)
                .ok()
                .and_then(|word| i64::from_str_radix(word, 8).ok())
                .filter(|value| value.abs() <= i64::from(i32::MAX))
                .ok_or(Invalid::Octal)?
        };
        let Rule::Range(low, high) = directive.rule else {
            return Err(Invalid::Octal);
        };
        if value < low || value > high {
            return Err(Invalid::OctalRange(low, high));
        }
        self.0 = u32::try_from(value).map_err(|_| Invalid::OctalRange(low, high))?;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        format!("{:o}", self.0).into_bytes()
    }
}

/// Variables a process title may have.
const TITLE_VARIABLES: &[&str] = &[
    "title",
    "listen-addr",
    "server-mode",
    "port",
    "tls-port",
    "unixsocket",
    "config-file",
];

fn is_process_title(template: &[u8]) -> bool {
    let mut rest = template;
    while let Some(open) = memchr::memchr(b'{', rest) {
        let after = &rest[open + 1..];
        let Some(close) = memchr::memchr(b'}', after) else {
            return false;
        };
        if !TITLE_VARIABLES
            .iter()
            .any(|name| name.as_bytes() == &after[..close])
        {
            return false;
        }
        rest = &after[close + 1..];
    }
    !template.is_empty()
}

impl Setting for Text {
    fn assign(&mut self, words: &[&[u8]], directive: &Directive, _: Source) -> Result<(), Invalid> {
        let word = one(words)?;
        match directive.rule {
            Rule::RequiredFileName if word.is_empty() => {
                return Err(Invalid::Empty(directive.name));
            }
            Rule::FileName | Rule::RequiredFileName if word.contains(&b'/') => {
                return Err(Invalid::NotFileName(directive.name));
            }
            Rule::HostName if word.len() >= 256 => return Err(Invalid::HostNameLength),
            Rule::HostName
                if !word
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')) =>
            {
                return Err(Invalid::HostNameCharacter);
            }
            Rule::ProcessTitle if !is_process_title(word) => return Err(Invalid::ProcessTitle),
            _ => {}
        }
        *self = word.to_vec();
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        self.clone()
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut words = Vec::new();
        quote(self, &mut words);
        vec![Line {
            words,
            is_default: false,
        }]
    }
}

/// A directory that exists, as an absolute path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory(pub PathBuf);

impl Directory {
    /// The directory the process is in.
    pub fn current() -> Self {
        Directory(std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")))
    }
}

/// The system's text for an I/O error, without Rust's addition of the number.
pub(crate) fn system_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

impl Setting for Directory {
    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let word = one(words)?;
        let failed = |error: std::io::Error| Invalid::Directory(system_text(&error));
        let path = as_path(word).canonicalize().map_err(failed)?;
        // Listing it fails for what is no directory or not ours to read.
        path.read_dir().map_err(failed)?;
        self.0 = path;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        use std::os::unix::ffi::OsStrExt;
        self.0.as_os_str().as_bytes().to_vec()
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        let mut words = Vec::new();
        quote(&self.format(), &mut words);
        vec![Line {
            words,
            is_default: false,
        }]
    }
}

/// A text value as a path.
pub fn as_path(text: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(text))
}

/// Bytes, or per cent of `maxmemory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryOrPercent {
    /// So many bytes.
    Bytes(u64),
    /// So many per cent.
    Percent(u8),
}

impl MemoryOrPercent {
    /// The limit in bytes, or 0 for none.
    pub fn bytes(self, maxmemory: u64) -> u64 {
        match self {
            MemoryOrPercent::Bytes(bytes) => bytes,
            MemoryOrPercent::Percent(percent) => maxmemory / 100 * u64::from(percent),
        }
    }
}

impl Setting for MemoryOrPercent {
    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let word = one(words)?;
        *self = if let Some(percent) = word.strip_suffix(b"%") {
            let percent = integer(percent)
                .filter(|p| *p >= 0)
                .ok_or(Invalid::MemoryOrPercent)?;
            let percent = u8::try_from(percent)
                .ok()
                .filter(|p| *p <= 100)
                .ok_or(Invalid::Percent)?;
            MemoryOrPercent::Percent(percent)
        } else {
            MemoryOrPercent::Bytes(memory(word).ok_or(Invalid::MemoryOrPercent)?)
        };
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        match self {
            MemoryOrPercent::Bytes(bytes) => bytes.to_string(),
            MemoryOrPercent::Percent(percent) => format!("{percent}%"),
        }
        .into_bytes()
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        let words = match self {
            MemoryOrPercent::Bytes(bytes) => with_unit(*bytes),
            MemoryOrPercent::Percent(percent) => format!("{percent}%"),
        };
        vec![Line {
            words: words.into_bytes(),
            is_default: false,
        }]
    }
}
