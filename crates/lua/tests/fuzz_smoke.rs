//! A short run of the fuzz targets' checks over inputs near the grammars.

#![forbid(unsafe_code)]

#[path = "../../../fuzz/checks/lua_codecs.rs"]
mod codecs;
#[path = "../../../fuzz/checks/lua_patterns.rs"]
mod patterns;
#[path = "../../../fuzz/checks/lua_run.rs"]
mod run;
#[path = "../../../fuzz/checks/lua_source.rs"]
mod source;

use proptest::prelude::*;

const WORDS: &[&str] = &[
    "local",
    "a",
    "b",
    "x",
    "=",
    "=",
    ",",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "function",
    "end",
    "end",
    "if",
    "then",
    "else",
    "while",
    "do",
    "for",
    "in",
    "repeat",
    "until",
    "return",
    "break",
    "nil",
    "true",
    "1",
    "2",
    "0x10",
    "1e3",
    "'s'",
    "[[long]]",
    "..",
    "...",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "#",
    "not",
    "and",
    "or",
    "==",
    "~=",
    "<",
    "<=",
    ":",
    ".",
    ";",
    "\n",
    "pairs(_G)",
    "string.rep",
    "a.b",
    "a[1]",
    "coroutine.wrap(function() coroutine.yield(a) end)()",
    "setmetatable({}, {__index = a})",
    "collectgarbage()",
    "pcall(error, a)",
    "table.sort(a)",
    "('x'):rep(99)",
];
const PIECES: &[&str] = &[
    "%", "(", ")", "[", "]", "^", "$", "*", "+", "-", "?", ".", "a", "b", "%a", "%b()", "%f[a]",
    "%1", "[^a]", "[a-z]", "()", "x", " ", "\0",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"\\u00e9\"",
    "\"\\ud834\\udd1e\"",
    "1",
    "-0",
    "1e999",
    "0x1",
    "null",
    "true",
    "false",
    "nan",
    " ",
    "\\",
    "\"",
    "\0",
    "\u{7f}",
];

fn words(
    of: &'static [&'static str],
    most: usize,
    between: &'static str,
) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(of), 0..most)
        .prop_map(move |words| words.join(between).into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn texts_are_compiled_or_refused(text in words(WORDS, 60, " ")) {
        source::check(&text);
    }

    #[test]
    fn noise_is_compiled_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
        source::check(&text);
    }

    #[test]
    fn programs_stay_within_their_bounds(text in words(WORDS, 12, " ")) {
        run::check(&text);
    }

    #[test]
    fn documents_are_decoded_or_refused(text in words(JSON, 30, "")) {
        codecs::check(&[&[0], &text[..]].concat());
    }

    #[test]
    fn packed_bytes_are_decoded_or_refused(choice in 0..4u8, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        codecs::check(&[&[choice], &bytes[..]].concat());
    }

    #[test]
    fn patterns_find_what_is_there(pattern in words(PIECES, 12, ""), subject in "[ab(x )]{0,40}") {
        let length = [pattern.len().min(255) as u8];
        patterns::check(&[&length, &pattern[..], subject.as_bytes()].concat());
    }
}
