//! Command templates: words, `{slots}`, `[optional|choice]`, `<one|of>`, and `+` for one to four times.

use std::iter::Peekable;
use std::str::Chars;

use crate::seeded::Seeded;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text that stands for itself, glued to what surrounds it.
    Text(String),
    /// A value the generator makes up.
    Slot(String),
    /// Ends one argument.
    Blank,
    /// One of several sequences, or none of them if it may be left out.
    Choice {
        optional: bool,
        sequences: Vec<Vec<Piece>>,
    },
    /// A sequence one to four times.
    Repeat(Vec<Piece>),
}

/// A command to make up.
#[derive(Debug, Clone)]
pub struct Template(Vec<Piece>);

impl Template {
    /// Reads a template; malformed ones are a fault of the list and give whatever was read so far.
    pub fn parse(text: &str) -> Self {
        Self(sequence(&mut text.chars().peekable(), &[]))
    }

    /// A command of this form; `fill` makes up the values of slots.
    pub fn command(
        &self,
        seeded: &mut Seeded,
        fill: &dyn Fn(&str, &mut Seeded) -> Vec<u8>,
    ) -> Vec<Vec<u8>> {
        let mut arguments = vec![Vec::new()];
        write(&self.0, seeded, fill, &mut arguments);
        arguments.retain(|argument| !argument.is_empty());
        for argument in &mut arguments {
            // A slot's value is marked with a leading byte, so that an empty value is told from no argument.
            argument.retain(|byte| *byte != SLOT_MARK);
        }
        arguments
    }
}

/// Never part of a made-up value.
const SLOT_MARK: u8 = 0x1a;

fn sequence(chars: &mut Peekable<Chars<'_>>, ends: &[char]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    while let Some(&next) = chars.peek() {
        if ends.contains(&next) {
            break;
        }
        chars.next();
        match next {
            ' ' => pieces.push(Piece::Blank),
            '{' => {
                let name = chars.by_ref().take_while(|letter| *letter != '}').collect();
                pieces.push(Piece::Slot(name));
            }
            '[' => pieces.push(choice(chars, ']', true)),
            '<' => pieces.push(choice(chars, '>', false)),
            '(' => {
                let inner = sequence(chars, &[')']);
                chars.next();
                pieces.push(Piece::Choice {
                    optional: false,
                    sequences: vec![inner],
                });
            }
            '+' => {
                if let Some(last) = pieces.pop() {
                    pieces.push(Piece::Repeat(vec![last]));
                }
            }
            letter => match pieces.last_mut() {
                Some(Piece::Text(text)) => text.push(letter),
                _ => pieces.push(Piece::Text(letter.to_string())),
            },
        }
    }
    pieces
}

fn choice(chars: &mut Peekable<Chars<'_>>, close: char, optional: bool) -> Piece {
    let mut sequences = vec![sequence(chars, &['|', close])];
    while chars.next() == Some('|') {
        sequences.push(sequence(chars, &['|', close]));
    }
    Piece::Choice {
        optional,
        sequences,
    }
}

fn write(
    pieces: &[Piece],
    seeded: &mut Seeded,
    fill: &dyn Fn(&str, &mut Seeded) -> Vec<u8>,
    arguments: &mut Vec<Vec<u8>>,
) {
    for piece in pieces {
        let last = arguments.last_mut().expect("begins with one argument");
        match piece {
            Piece::Text(text) => last.extend_from_slice(text.as_bytes()),
            Piece::Slot(name) => {
                last.push(SLOT_MARK);
                last.extend(fill(name, seeded));
            }
            Piece::Blank => arguments.push(Vec::new()),
            Piece::Choice { optional: true, .. } if seeded.one_in(2) => {}
            Piece::Choice { sequences, .. } => {
                let chosen = seeded.pick(sequences).clone();
                write(&chosen, seeded, fill, arguments);
            }
            Piece::Repeat(pieces) => {
                for round in 0..=seeded.below(4) {
                    if round > 0 {
                        arguments.push(Vec::new());
                    }
                    write(pieces, seeded, fill, arguments);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(template: &str, seed: u64) -> String {
        let fill = |name: &str, _: &mut Seeded| name.as_bytes().to_vec();
        let command = Template::parse(template).command(&mut Seeded::new(seed), &fill);
        String::from_utf8(command.join(&b' ')).expect("text")
    }

    #[test]
    fn every_form_can_come_up() {
        let all: Vec<_> = (0..60)
            .map(|seed| made("A <x|y {k}> [B #{n}|C]", seed))
            .collect();
        for form in ["A x", "A x B #n", "A x C", "A y k", "A y k B #n", "A y k C"] {
            assert!(all.iter().any(|made| made == form), "{form}");
        }
    }

    #[test]
    fn repeats_are_whole() {
        for seed in 0..20 {
            let made = made("M ({k} {v})+", seed);
            let count = made.split(' ').count();
            assert!(count % 2 == 1 && (3..=9).contains(&count), "{made}");
        }
    }

    #[test]
    fn empty_values_stay_arguments() {
        let command =
            Template::parse("SET {k} [NX]").command(&mut Seeded::new(1), &|_, _| Vec::new());
        assert!(command.len() >= 2 && command[1].is_empty());
    }
}
