//! How the parts of a prototype lie in its piece of memory.
//!
//! Numbers are written seven bits to a byte, the low ones first, the top bit set in all bytes but the last. A string has its
//! length in front. Upvalue sources are two bytes each, lines as many as the widest needs (none if all are the same), so that
//! both are found by their index.

use super::{Constant, LocalVariable, UpvalueSource};

/// Names the compiler makes, which every loop has.
const HIDDEN_NAMES: [&[u8]; 6] = [
    b"(for index)",
    b"(for limit)",
    b"(for step)",
    b"(for generator)",
    b"(for state)",
    b"(for control)",
];

/// What the low bits of a constant's first number say it is; the others are a length, an integer or one of a few values.
const STRING: u64 = 0;
const INTEGER: u64 = 1;
const DOUBLE: u64 = 2;
const SINGLETON: u64 = 3;
const KIND_BITS: u32 = 2;

/// How many bytes a line takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    None,
    One,
    Two,
    Four,
}

impl Width {
    fn of(most: u32) -> Width {
        match most {
            0 => Width::None,
            1..=0xff => Width::One,
            0x100..=0xffff => Width::Two,
            _ => Width::Four,
        }
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Width::None => 0,
            Width::One => 1,
            Width::Two => 2,
            Width::Four => 4,
        }
    }

    /// The number with this index.
    pub(super) fn get(self, packed: &[u8], index: usize) -> Option<u32> {
        let bytes = self.bytes();
        let at = index.checked_mul(bytes)?;
        let number = packed.get(at..at.checked_add(bytes)?)?;
        let mut wide = [0; 4];
        wide[..bytes].copy_from_slice(number);
        Some(u32::from_le_bytes(wide))
    }
}

/// Writes the parts of a prototype, one after the other.
pub(super) struct Packer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Packer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Packer<'a> {
        out.clear();
        Packer { out }
    }

    /// Bytes by now. A function that takes more than 4 GB has its parts out of place, and is not loaded for that.
    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.out.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn upvalue(&mut self, source: UpvalueSource) {
        let (kind, index) = match source {
            UpvalueSource::Register(register) => (0, register),
            UpvalueSource::Upvalue(upvalue) => (1, upvalue),
        };
        self.out.extend_from_slice(&[kind, index]);
    }

    /// The smallest line, and how wide the differences to it are.
    pub(super) fn lines(&mut self, lines: &[u32]) -> (u32, Width) {
        let first = lines.iter().copied().min().unwrap_or(0);
        let last = lines.iter().copied().max().unwrap_or(0);
        let width = Width::of(last - first);
        match width {
            Width::None => {}
            Width::One => self
                .out
                .extend(lines.iter().map(|line| (line - first) as u8)),
            _ => {
                for line in lines {
                    let number = (line - first).to_le_bytes();
                    self.out.extend_from_slice(&number[..width.bytes()]);
                }
            }
        }
        (first, width)
    }

    pub(super) fn constant(&mut self, constant: Constant<'_>) {
        match constant {
            Constant::Nil => self.number(SINGLETON),
            Constant::Boolean(value) => {
                self.number((1 + u64::from(value)) << KIND_BITS | SINGLETON);
            }
            Constant::Number(number) => match small_integer(number) {
                Some(integer) => {
                    // The sign goes to the lowest bit, so that -1 is short too.
                    let folded = (integer << 1) ^ (integer >> 31);
                    self.number(u64::from(folded as u32) << KIND_BITS | INTEGER);
                }
                None => {
                    self.number(DOUBLE);
                    self.out.extend_from_slice(&number.to_le_bytes());
                }
            },
            Constant::String(text) => {
                self.number((text.len() as u64) << KIND_BITS | STRING);
                self.out.extend_from_slice(text);
            }
        }
    }

    /// A name. As none is empty, a length of 0 stands before the number of one the compiler makes.
    pub(super) fn name(&mut self, name: &[u8]) {
        if name.first() == Some(&b'(')
            && let Some(hidden) = HIDDEN_NAMES.iter().position(|known| *known == name)
        {
            self.out.extend_from_slice(&[0, hidden as u8]);
            return;
        }
        self.number(name.len() as u64);
        self.out.extend_from_slice(name);
    }

    pub(super) fn local(&mut self, local: LocalVariable<'_>) {
        self.name(local.name);
        self.number(local.start.into());
        self.number(local.end.saturating_sub(local.start).into());
    }

    #[inline]
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.out.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }
}

/// The number as an integer of 32 bits, if it is one (and not -0).
fn small_integer(number: f64) -> Option<i32> {
    let integer = number as i32;
    (f64::from(integer).to_bits() == number.to_bits()).then_some(integer)
}

/// Reads what a [`Packer`] has written. Past the end there is nothing, which ends whatever is read.
#[derive(Clone, Debug)]
struct Reader<'p> {
    rest: &'p [u8],
}

impl<'p> Reader<'p> {
    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
            if shift > 56 {
                return None;
            }
        }
    }

    #[inline]
    fn bytes(&mut self, count: u64) -> Option<&'p [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = rest;
        Some(bytes)
    }

    #[inline]
    fn constant(&mut self) -> Option<Constant<'p>> {
        let head = self.number()?;
        let value = head >> KIND_BITS;
        Some(match head & ((1 << KIND_BITS) - 1) {
            STRING => Constant::String(self.bytes(value)?),
            INTEGER => {
                let folded = value as u32;
                let integer = (folded >> 1) as i32 ^ -((folded & 1) as i32);
                Constant::Number(integer.into())
            }
            DOUBLE => Constant::Number(f64::from_le_bytes(self.bytes(8)?.try_into().ok()?)),
            _ => match value {
                0 => Constant::Nil,
                value => Constant::Boolean(value == 2),
            },
        })
    }

    fn name(&mut self) -> Option<&'p [u8]> {
        match self.number()? {
            0 => {
                let hidden = self.bytes(1)?[0];
                HIDDEN_NAMES.get(usize::from(hidden)).copied()
            }
            length => self.bytes(length),
        }
    }

    fn local(&mut self) -> Option<LocalVariable<'p>> {
        let name = self.name()?;
        let start = self.number()? as u32;
        let end = start.saturating_add(self.number()? as u32);
        Some(LocalVariable { name, start, end })
    }
}

/// The constants of a function, in the order of their indices.
#[derive(Clone, Debug)]
pub struct Constants<'p> {
    reader: Reader<'p>,
    left: u32,
}

impl<'p> Constants<'p> {
    /// Those at the beginning of `packed`, after their number.
    pub(super) fn new(packed: &'p [u8]) -> Constants<'p> {
        let mut reader = Reader { rest: packed };
        let left = reader.number().unwrap_or(0) as u32;
        Constants { reader, left }
    }
}

impl<'p> Iterator for Constants<'p> {
    type Item = Constant<'p>;

    #[inline]
    fn next(&mut self) -> Option<Constant<'p>> {
        self.left = self.left.checked_sub(1)?;
        self.reader.constant()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Constants<'_> {}

/// Names of upvalues.
#[derive(Clone, Debug)]
pub struct Names<'p> {
    reader: Reader<'p>,
    left: u32,
}

impl<'p> Names<'p> {
    /// The number at the beginning of `packed`, and so many names behind it.
    pub(super) fn new(packed: &'p [u8], left: u32) -> (u32, Names<'p>) {
        let mut reader = Reader { rest: packed };
        let number = reader.number().unwrap_or(0) as u32;
        (number, Names { reader, left })
    }

    /// What is behind those that were read.
    pub(super) fn rest(self) -> &'p [u8] {
        self.reader.rest
    }
}

impl<'p> Iterator for Names<'p> {
    type Item = &'p [u8];

    fn next(&mut self) -> Option<&'p [u8]> {
        self.left = self.left.checked_sub(1)?;
        self.reader.name()
    }
}

/// Local variables, in the order in which they were declared.
#[derive(Clone, Debug)]
pub struct Locals<'p> {
    reader: Reader<'p>,
}

impl<'p> Locals<'p> {
    pub(super) fn new(packed: &'p [u8]) -> Locals<'p> {
        Locals {
            reader: Reader { rest: packed },
        }
    }
}

impl<'p> Iterator for Locals<'p> {
    type Item = LocalVariable<'p>;

    fn next(&mut self) -> Option<LocalVariable<'p>> {
        self.reader.local()
    }
}
