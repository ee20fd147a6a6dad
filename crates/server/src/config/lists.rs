//! Types of directives' values that are lists: of words, of pairs, of limits, of letters.

use resp::parse::quote;

use super::settings::{
    Invalid, Line, Setting, Source, Text, integer, memory, one, text, with_unit,
};
use super::table::Directive;

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
        // CONFIG SET with an empty value changes nothing.
        if words == [b""] {
            return Ok(());
        }
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

    /// The classes as bits, in the order of their letters.
    pub fn bits(self) -> u16 {
        self.0
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
