//! The chunk's table of names and string literals.
//!
//! Every name and string constant of a chunk is stored once and known by a number from then on, so that the
//! compiler compares and looks up names without touching their bytes. A symbol carries a small record for the
//! compiler (which constant, which local variable it stands for at the moment), which saves it hash tables of its
//! own. Number constants have symbols for the same reason. Texts are slices of the source wherever the source has them literally.

use rapidhash::v3::RapidSecrets;

use crate::hash_seed::{hash_text, secrets};

/// The number of a name or string in its chunk's [`Symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Symbol(pub u32);

/// No function, no local variable: the state of a fresh symbol.
pub const NONE: u32 = u32::MAX;

/// Where the text of a symbol is.
#[derive(Clone, Copy)]
enum Text<'s> {
    Source(&'s [u8]),
    /// Offset and length in the table's own bytes; for literals with escapes.
    Own(u32, u32),
    /// Not a text at all: the bits of a number, which shares the table to be found as quickly.
    Number(u64),
}

struct Entry<'s> {
    text: Text<'s>,
    hash: u32,
    meaning: Meaning,
}

/// What a symbol means to the function being compiled; kept by the compiler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meaning {
    /// Serial number of the function whose constant table `constant` points into, or [`NONE`].
    pub constant_of: u32,
    /// The constant's index there.
    pub constant: u32,
    /// The innermost local variable in scope with this name, or [`NONE`].
    pub variable: u32,
}

/// All names and strings of one chunk.
pub struct Symbols<'s> {
    entries: Vec<Entry<'s>>,
    /// Open addressing, linear probing, at most half full; [`NONE`] marks a free slot. The length is a power of two.
    slots: Vec<u32>,
    own: Vec<u8>,
    secrets: &'static RapidSecrets,
}

impl<'s> Symbols<'s> {
    /// An empty table with room for the symbols that `source_length` bytes of source usually have.
    pub fn new(source_length: usize) -> Self {
        let expected = (source_length / 16).clamp(16, 4096);
        Symbols {
            entries: Vec::with_capacity(expected),
            slots: vec![NONE; (expected * 2).next_power_of_two()],
            own: Vec::new(),
            secrets: secrets(),
        }
    }

    /// The symbol of a text that stands literally in the source.
    pub fn intern(&mut self, text: &'s [u8]) -> Symbol {
        let hash = self.hash(text);
        match self.find(text, hash) {
            Ok(symbol) => symbol,
            Err(slot) => self.add(slot, hash, Text::Source(text)),
        }
    }

    /// The symbol of a text that had to be put together.
    pub fn intern_copy(&mut self, text: &[u8]) -> Symbol {
        let hash = self.hash(text);
        match self.find(text, hash) {
            Ok(symbol) => symbol,
            Err(slot) => {
                // Escapes only ever shorten a literal, so these sums stay below the length of the source.
                let at = self.own.len() as u32;
                self.own.extend_from_slice(text);
                self.add(slot, hash, Text::Own(at, text.len() as u32))
            }
        }
    }

    /// The symbol of a number. Equal numbers have the same symbol, so 0 and -0 do.
    pub fn intern_number(&mut self, value: f64) -> Symbol {
        let bits = (value + 0.0).to_bits();
        let hash = self.hash(&bits.to_le_bytes());
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == NONE {
                return self.add(slot, hash, Text::Number(bits));
            }
            if let Text::Number(known) = self.entries[index as usize].text
                && known == bits
            {
                return Symbol(index);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The bytes of a name or string; nothing for a number.
    pub fn text(&self, symbol: Symbol) -> &[u8] {
        self.bytes(&self.entries[symbol.0 as usize].text)
            .unwrap_or(&[])
    }

    fn bytes<'a>(&'a self, text: &Text<'a>) -> Option<&'a [u8]> {
        match *text {
            Text::Source(text) => Some(text),
            Text::Own(at, length) => Some(&self.own[at as usize..(at + length) as usize]),
            Text::Number(_) => None,
        }
    }

    pub fn meaning(&self, symbol: Symbol) -> Meaning {
        self.entries[symbol.0 as usize].meaning
    }

    pub fn meaning_mut(&mut self, symbol: Symbol) -> &mut Meaning {
        &mut self.entries[symbol.0 as usize].meaning
    }

    fn hash(&self, text: &[u8]) -> u32 {
        hash_text(text, self.secrets)
    }

    /// The symbol with this text, or the slot where it belongs.
    fn find(&self, text: &[u8], hash: u32) -> Result<Symbol, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let index = self.slots[slot];
            if index == NONE {
                return Err(slot);
            }
            let entry = &self.entries[index as usize];
            if entry.hash == hash && self.bytes(&entry.text) == Some(text) {
                return Ok(Symbol(index));
            }
            slot = (slot + 1) & mask;
        }
    }

    fn add(&mut self, slot: usize, hash: u32, text: Text<'s>) -> Symbol {
        let index = self.entries.len() as u32;
        self.slots[slot] = index;
        self.entries.push(Entry {
            text,
            hash,
            meaning: Meaning {
                constant_of: NONE,
                constant: 0,
                variable: NONE,
            },
        });
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        }
        Symbol(index)
    }

    #[cold]
    fn grow(&mut self) {
        let length = self.slots.len() * 2;
        let mask = length - 1;
        self.slots.clear();
        self.slots.resize(length, NONE);
        for (index, entry) in self.entries.iter().enumerate() {
            let mut slot = entry.hash as usize & mask;
            while self.slots[slot] != NONE {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = index as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_symbol() {
        let source: Vec<u8> = (0..5000)
            .flat_map(|i| format!("n{i:05}").into_bytes())
            .collect();
        let mut symbols = Symbols::new(0);
        let first: Vec<Symbol> = source.chunks(6).map(|text| symbols.intern(text)).collect();
        for (index, text) in source.chunks(6).enumerate() {
            assert_eq!(symbols.intern_copy(text), first[index]);
            assert_eq!(symbols.text(first[index]), text);
        }
    }

    #[test]
    fn numbers_and_texts_do_not_meet() {
        let mut symbols = Symbols::new(0);
        let number = symbols.intern_number(1.5);
        let text = symbols.intern_copy(&1.5f64.to_bits().to_le_bytes());
        assert_ne!(number, text);
        assert_eq!(symbols.intern_number(1.5), number);
        assert_eq!(symbols.intern_number(0.0), symbols.intern_number(-0.0));
        assert_ne!(symbols.intern_copy(b""), number);
    }

    #[test]
    fn own_texts_are_kept_apart() {
        let mut symbols = Symbols::new(0);
        let a = symbols.intern_copy(b"a\0b");
        let b = symbols.intern_copy(b"");
        let c = symbols.intern_copy(b"tail");
        assert_eq!(symbols.text(a), b"a\0b");
        assert_eq!(symbols.text(b), b"");
        assert_eq!(symbols.text(c), b"tail");
    }
}
