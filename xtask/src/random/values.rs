//! Values for the slots of command templates: few keys and members, so that commands meet; some values at the edges.

use super::scripts;
use crate::seeded::Seeded;

const KEYS: &[&str] = &["k1", "k2", "k3", "k4", "k5", "{t}a", "{t}b", ""];
const MEMBERS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "1",
    "2",
    "3",
    "-1",
    "",
    "\u{0}",
    "member with blanks",
];
const VALUES: &[&str] = &[
    "x",
    "hello",
    "10",
    "-3",
    "0",
    "3.5",
    "1e3",
    "007",
    "",
    "ohmytext",
    "mynewtext",
    " 7",
];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "-1",
    "5",
    "-7",
    "255",
    "9223372036854775807",
    "-9223372036854775808",
];
const WRONG: &[&str] = &[
    "abc",
    "1.5",
    "",
    "9223372036854775808",
    " 1",
    "nan",
    "-0",
    "1e400",
];
const FLOATS: &[&str] = &[
    "0.1",
    "-2.5",
    "3",
    "1e10",
    "1e-5",
    "10.75",
    "0",
    "123456789.123",
];
const SCORES: &[&str] = &[
    "0", "1", "2", "3", "-1", "1.5", "0.1", "1e10", "inf", "-inf", "-0",
];
const BOUNDS: &[&str] = &[
    "-inf", "+inf", "0", "1", "(1", "2.5", "(2", "(-1", "3", "inf",
];
const LEX: &[&str] = &["-", "+", "[a", "(a", "[b", "(c", "[d", "[", "(1"];
const PATTERNS: &[&str] = &["*", "k*", "?", "[ab]", "a*", "*1", "[^a]*", "\\*", "{t}*"];

/// Makes up a value for the slot called `name`.
pub fn fill(name: &str, seeded: &mut Seeded) -> Vec<u8> {
    let choices = match name {
        "key" => KEYS,
        "member" => return member(seeded),
        "value" => return value(seeded),
        "number" => NUMBERS,
        "float" => FLOATS,
        "score" => SCORES,
        "bound" => BOUNDS,
        "lex" => LEX,
        "pattern" => PATTERNS,
        "small" => return seeded.below(20).to_string().into_bytes(),
        "index" => return signed(seeded, 12),
        "ttl" => return (1000 + seeded.below(100_000)).to_string().into_bytes(),
        "when" => {
            return (4_000_000_000_u64 + seeded.next() % 1000)
                .to_string()
                .into_bytes();
        }
        "script" => return scripts::script(seeded).into_bytes(),
        other => return other.as_bytes().to_vec(),
    };
    if matches!(name, "number" | "float" | "score" | "bound") && seeded.one_in(25) {
        return seeded.pick(WRONG).as_bytes().to_vec();
    }
    seeded.pick(choices).as_bytes().to_vec()
}

fn signed(seeded: &mut Seeded, bound: usize) -> Vec<u8> {
    let number =
        i64::try_from(seeded.below(2 * bound)).unwrap_or(0) - i64::try_from(bound).unwrap_or(0);
    number.to_string().into_bytes()
}

fn member(seeded: &mut Seeded) -> Vec<u8> {
    match seeded.below(12) {
        0 => format!("member-{}", seeded.below(600)).into_bytes(),
        1 => seeded.below(600).to_string().into_bytes(),
        2 if seeded.one_in(6) => vec![b'm'; 60 + seeded.below(10)],
        _ => seeded.pick(MEMBERS).as_bytes().to_vec(),
    }
}

fn value(seeded: &mut Seeded) -> Vec<u8> {
    match seeded.below(16) {
        0 => vec![b'v'; 40 + seeded.below(30)],
        1 => (0..seeded.below(8))
            .map(|_| u8::try_from(seeded.below(256)).unwrap_or(0))
            .filter(|b| *b != 0x1a)
            .collect(),
        2 => seeded.pick(NUMBERS).as_bytes().to_vec(),
        _ => seeded.pick(VALUES).as_bytes().to_vec(),
    }
}
