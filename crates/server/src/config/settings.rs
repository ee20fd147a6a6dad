//! The types of directives' values: how each is read from words, shown, and written to redis.conf.

use std::path::{Path, PathBuf};

use resp::parse::quote;

use super::table::{Directive, Rule};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A line of the configuration file or a command-line option.
    File,
    /// CONFIG SET.
    Command,
}

/// Why a value is refused. The texts are those clients and operators know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Too few or too many words.
    #[error("wrong number of arguments")]
    WordCount,
    /// Neither yes nor no.
    #[error("argument must be 'yes' or 'no'")]
    Boolean,
    /// No integer.
    #[error("argument couldn't be parsed into an integer")]
    Integer,
    /// No octal number.
    #[error("argument couldn't be parsed as an octal number")]
    Octal,
    /// Out of bounds.
    #[error("argument must be between {0} and {1} inclusive")]
    Range(i64, i64),
    /// Out of bounds, which are octal.
    #[error("argument must be between {0:o} and {1:o} inclusive")]
    OctalRange(i64, i64),
    /// No number of bytes.
    #[error("argument must be a memory value")]
    Memory,
    /// Neither a number of bytes nor of per cent.
    #[error("argument must be a memory or percent value")]
    MemoryOrPercent,
    /// Over 100 per cent.
    #[error("percentage argument must be less or equal to 100")]
    Percent,
    /// None of the known words.
    #[error("argument(s) must be one of the following: {}", .0.join(", "))]
    OneOf(Vec<&'static str>),
    /// Both save and nosave.
    #[error("shutdown options SAVE and NOSAVE can't be used simultaneously")]
    SaveAndNosave,
    /// Empty where a name is needed.
    #[error("{0} can't be empty")]
    Empty(&'static str),
    /// A path where a mere name is needed.
    #[error("{0} can't be a path, just a filename")]
    NotFileName(&'static str),
    /// A host name that is too long.
    #[error("Hostnames must be less than 256 characters")]
    HostNameLength,
    /// A host name with other characters.
    #[error("Hostnames may only contain alphanumeric characters, hyphens or dots")]
    HostNameCharacter,
    /// Unknown variables in a process title.
    #[error("template format is invalid or contains unknown variables")]
    ProcessTitle,
    /// Malformed pairs of seconds and changes.
    #[error("Invalid save parameters")]
    SavePoints,
    /// Not four words per class.
    #[error("Wrong number of arguments in buffer limit configuration.")]
    BufferLimitCount,
    /// No class of clients.
    #[error("Invalid client class specified in buffer limit configuration.")]
    BufferLimitClass,
    /// Malformed limits.
    #[error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")]
    BufferLimitValue,
    /// An unknown class of key events.
    #[error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    EventClass,
    /// Scores out of bounds.
    #[error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")]
    OomScore,
    /// No numbers.
    #[error("Invalid latency-tracking-info-percentiles parameters")]
    Percentiles,
    /// Out of bounds.
    #[error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    PercentileRange,
    /// Too many addresses.
    #[error("Too many bind addresses specified.")]
    TooManyAddresses,
    /// No port number.
    #[error("Invalid master port")]
    PrimaryPort,
    /// Memory cannot be defragmented here.
    #[error(
        "Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified \
         Jemalloc like the one shipped by default with the Redis source distribution"
    )]
    NoDefragmentation,
    /// A directory that cannot be entered.
    #[error("{0}")]
    Directory(String),
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

fn one<'a>(words: &[&'a [u8]]) -> Result<&'a [u8], Invalid> {
    match words {
        [word] => Ok(word),
        _ => Err(Invalid::WordCount),
    }
}

/// Reads a decimal integer with nothing around it.
fn integer(word: &[u8]) -> Option<i64> {
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
fn with_unit(bytes: u64) -> String {
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

/// Most addresses `bind` takes.
const MAX_ADDRESSES: usize = 16;

/// Addresses to listen on, as written: host or address, `*`, `::*`, with `-` before optional ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(pub Vec<Text>);

impl Addresses {
    /// All addresses of the machine, IPv6 if there is any.
    pub fn everywhere() -> Self {
        Addresses(vec![text("*"), text("-::*")])
    }
}

impl Setting for Addresses {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        if words.len() > MAX_ADDRESSES {
            return Err(Invalid::TooManyAddresses);
        }
        self.0 = match words {
            // A single empty word means no TCP at all.
            [b""] => Vec::new(),
            words => words.iter().map(|word| word.to_vec()).collect(),
        };
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        self.0.join(&b' ')
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        let words = if self.0.is_empty() {
            text("\"\"")
        } else {
            self.format()
        };
        vec![Line {
            words,
            is_default: false,
        }]
    }
}

/// After so many seconds with at least so many changes a snapshot is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavePoint {
    /// Seconds since the last snapshot.
    pub seconds: u32,
    /// Changes since the last snapshot.
    pub changes: u32,
}

/// All save points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavePoints(pub Vec<SavePoint>);

impl Default for SavePoints {
    fn default() -> Self {
        SavePoints(
            [(3600, 1), (300, 100), (60, 10_000)]
                .map(|(seconds, changes)| SavePoint { seconds, changes })
                .to_vec(),
        )
    }
}

impl Setting for SavePoints {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, source: Source) -> Result<(), Invalid> {
        let mut points = Vec::new();
        if !words.is_empty() && words != [b""] {
            if !words.len().is_multiple_of(2) {
                return Err(Invalid::SavePoints);
            }
            for pair in words.chunks_exact(2) {
                let number = |word: &[u8], low: i64| {
                    integer(word)
                        .filter(|n| *n >= low)
                        .and_then(|n| u32::try_from(n).ok())
                };
                let (Some(seconds), Some(changes)) = (number(pair[0], 1), number(pair[1], 0))
                else {
                    return Err(Invalid::SavePoints);
                };
                points.push(SavePoint { seconds, changes });
            }
        }
        // Lines of a file add up, unless one clears what was before.
        if source == Source::File && !points.is_empty() {
            self.0.extend(points);
        } else {
            self.0 = points;
        }
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        let points: Vec<String> = self
            .0
            .iter()
            .map(|p| format!("{} {}", p.seconds, p.changes))
            .collect();
        points.join(" ").into_bytes()
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        if self.0.is_empty() {
            return vec![Line {
                words: text("\"\""),
                is_default: false,
            }];
        }
        let is_default = *self == SavePoints::default();
        self.0
            .iter()
            .map(|p| Line {
                words: format!("{} {}", p.seconds, p.changes).into_bytes(),
                is_default,
            })
            .collect()
    }
}

/// Classes of clients with output limits of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientClass {
    /// Ordinary clients.
    Normal,
    /// Replicas.
    Replica,
    /// Subscribers.
    Pubsub,
}

/// How much unsent output a client may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferLimit {
    /// Bytes at which the client is disconnected at once; 0 for no limit.
    pub hard: u64,
    /// Bytes it may have only for a while; 0 for no limit.
    pub soft: u64,
    /// How long it may be above the soft limit.
    pub soft_seconds: u32,
}

/// The output limits of all classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BufferLimits([BufferLimit; 3]);

const CLASSES: [(ClientClass, &str); 3] = [
    (ClientClass::Normal, "normal"),
    (ClientClass::Replica, "replica"),
    (ClientClass::Pubsub, "pubsub"),
];

impl BufferLimits {
    /// The limit for a class.
    pub fn of(&self, class: ClientClass) -> BufferLimit {
        self.0[class as usize]
    }
}

impl Default for BufferLimits {
    fn default() -> Self {
        let limit = |hard, soft, soft_seconds| BufferLimit {
            hard,
            soft,
            soft_seconds,
        };
        BufferLimits([
            limit(0, 0, 0),
            limit(256 << 20, 64 << 20, 60),
            limit(32 << 20, 8 << 20, 60),
        ])
    }
}

impl Setting for BufferLimits {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        if words.is_empty() || !words.len().is_multiple_of(4) {
            return Err(Invalid::BufferLimitCount);
        }
        let mut limits = self.clone();
        for group in words.chunks_exact(4) {
            let class = match group[0].to_ascii_lowercase().as_slice() {
                b"normal" => ClientClass::Normal,
                b"replica" | b"slave" => ClientClass::Replica,
                b"pubsub" => ClientClass::Pubsub,
                _ => return Err(Invalid::BufferLimitClass),
            };
            let seconds = integer(group[3]).and_then(|n| u32::try_from(n).ok());
            let (Some(hard), Some(soft), Some(soft_seconds)) =
                (memory(group[1]), memory(group[2]), seconds)
            else {
                return Err(Invalid::BufferLimitValue);
            };
            limits.0[class as usize] = BufferLimit {
                hard,
                soft,
                soft_seconds,
            };
        }
        *self = limits;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        let classes = CLASSES.map(|(class, name)| {
            let limit = self.of(class);
            // CONFIG GET keeps the old name of replicas.
            let name = if class == ClientClass::Replica {
                "slave"
            } else {
                name
            };
            format!(
                "{name} {} {} {}",
                limit.hard, limit.soft, limit.soft_seconds
            )
        });
        classes.join(" ").into_bytes()
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        let defaults = BufferLimits::default();
        CLASSES
            .map(|(class, name)| {
                let limit = self.of(class);
                let words = format!(
                    "{name} {} {} {}",
                    with_unit(limit.hard),
                    with_unit(limit.soft),
                    limit.soft_seconds
                );
                Line {
                    words: words.into_bytes(),
                    is_default: limit == defaults.of(class),
                }
            })
            .to_vec()
    }
}

/// Out-of-memory scores of primary, replica and background child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OomScores(pub [i32; 3]);

impl Setting for OomScores {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let [_, _, _] = words else {
            return Err(Invalid::WordCount);
        };
        let mut scores = [0; 3];
        for (score, word) in scores.iter_mut().zip(words) {
            *score = integer(word)
                .filter(|value| (-2000..=2000).contains(value))
                .and_then(|value| i32::try_from(value).ok())
                .ok_or(Invalid::OomScore)?;
        }
        self.0 = scores;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        self.0.map(|score| score.to_string()).join(" ").into_bytes()
    }
}

/// Percentiles from 0 to 100.
#[derive(Debug, Clone, PartialEq)]
pub struct Percentiles(pub Vec<f64>);

impl Setting for Percentiles {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let mut values = Vec::new();
        if words != [b""] {
            for word in words {
                let value: f64 = std::str::from_utf8(word)
                    .ok()
                    .and_then(|word| word.parse().ok())
                    .ok_or(Invalid::Percentiles)?;
                if !(0.0..=100.0).contains(&value) {
                    return Err(Invalid::PercentileRange);
                }
                values.push(value);
            }
        }
        self.0 = values;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            resp::double::write_general(*value, 10, &mut out);
        }
        out
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        let words = if self.0.is_empty() {
            text("\"\"")
        } else {
            self.format()
        };
        vec![Line {
            words,
            is_default: false,
        }]
    }
}

/// How a signal ends the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShutdownFlags {
    /// Save even without save points.
    pub save: bool,
    /// Do not save.
    pub nosave: bool,
    /// Do not wait for replicas.
    pub now: bool,
    /// Go even if saving fails.
    pub force: bool,
}

impl Setting for ShutdownFlags {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let mut flags = ShutdownFlags::default();
        for word in words {
            match word.to_ascii_lowercase().as_slice() {
                b"default" => {}
                b"save" => flags.save = true,
                b"nosave" => flags.nosave = true,
                b"now" => flags.now = true,
                b"force" => flags.force = true,
                _ => {
                    return Err(Invalid::OneOf(vec![
                        "default", "save", "nosave", "now", "force",
                    ]));
                }
            }
        }
        if flags.save && flags.nosave {
            return Err(Invalid::SaveAndNosave);
        }
        *self = flags;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        let named = [
            (self.save, "save"),
            (self.nosave, "nosave"),
            (self.now, "now"),
            (self.force, "force"),
        ];
        let words: Vec<&str> = named
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| *word)
            .collect();
        if words.is_empty() {
            text("default")
        } else {
            words.join(" ").into_bytes()
        }
    }
}

/// Classes of key events, each a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EventClasses(u16);

/// The letters in the order they are shown in. The first ten are what `A` stands for.
const EVENT_LETTERS: &[u8; 14] = b"g$lshzxetdnKEm";

impl EventClasses {
    const ALL: u16 = 0b11_1111_1111;

    /// Whether the class with this letter is on.
    pub fn has(self, letter: u8) -> bool {
        EVENT_LETTERS
            .iter()
            .position(|known| *known == letter)
            .is_some_and(|bit| self.0 & (1 << bit) != 0)
    }

    /// Whether no class is on.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Setting for EventClasses {
    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let mut classes = 0;
        for letter in one(words)? {
            if *letter == b'A' {
                classes |= Self::ALL;
            } else {
                let bit = EVENT_LETTERS
                    .iter()
                    .position(|known| known == letter)
                    .ok_or(Invalid::EventClass)?;
                classes |= 1 << bit;
            }
        }
        self.0 = classes;
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = *self;
        if self.0 & Self::ALL == Self::ALL {
            out.push(b'A');
            rest.0 &= !(Self::ALL | (1 << 10));
            // New keys are no part of `A`, yet they are not shown beside it.
        }
        out.extend(EVENT_LETTERS.iter().filter(|letter| rest.has(**letter)));
        out
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

/// Host and port of the primary, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryAddress(pub Option<(Text, u16)>);

impl Setting for PrimaryAddress {
    const MANY: bool = true;

    fn assign(&mut self, words: &[&[u8]], _: &Directive, _: Source) -> Result<(), Invalid> {
        let [host, port] = words else {
            return Err(Invalid::WordCount);
        };
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            self.0 = None;
            return Ok(());
        }
        let port = integer(port)
            .and_then(|port| u16::try_from(port).ok())
            .ok_or(Invalid::PrimaryPort)?;
        self.0 = Some((host.to_vec(), port));
        Ok(())
    }

    fn format(&self) -> Vec<u8> {
        match &self.0 {
            Some((host, port)) => [host.as_slice(), port.to_string().as_bytes()].join(&b' '),
            None => Vec::new(),
        }
    }

    fn lines(&self, _: &Directive) -> Vec<Line> {
        if self.0.is_some() {
            vec![Line {
                words: self.format(),
                is_default: false,
            }]
        } else {
            Vec::new()
        }
    }
}
