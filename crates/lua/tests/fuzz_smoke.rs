//! A short run of the fuzz targets' checks over inputs near the grammars.

#![forbid(unsafe_code)]

#[path = "../../../fuzz/checks/lua_codecs.rs"]
mod codecs;
#[path = "../../../fuzz/checks/dictionary.rs"]
mod dictionary;
#[path = "../../../fuzz/checks/lua_patterns.rs"]
mod patterns;
#[path = "../../../fuzz/checks/lua_run.rs"]
mod run;
#[path = "../../../fuzz/checks/lua_source.rs"]
mod source;

use dictionary::words;
use proptest::prelude::*;

const LUA: &str = include_str!("../../../fuzz/dictionaries/lua.dict");
const PATTERN: &str = include_str!("../../../fuzz/dictionaries/pattern.dict");
const CODEC: &str = include_str!("../../../fuzz/dictionaries/codec.dict");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn texts_are_compiled_or_refused(text in words(LUA, 60, b" ")) {
        source::check(&text);
    }

    #[test]
    fn noise_is_compiled_or_refused(text in prop::collection::vec(any::<u8>(), 0..200)) {
        source::check(&text);
    }

    #[test]
    fn programs_stay_within_their_bounds(text in words(LUA, 12, b" ")) {
        run::check(&text);
    }

    #[test]
    fn documents_are_decoded_or_refused(choice in 0..4u8, text in words(CODEC, 30, b"")) {
        codecs::check(&[&[choice], &text[..]].concat());
    }

    #[test]
    fn packed_bytes_are_decoded_or_refused(choice in 0..4u8, bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        codecs::check(&[&[choice], &bytes[..]].concat());
    }

    #[test]
    fn patterns_find_what_is_there(pattern in words(PATTERN, 12, b""), subject in "[ab(x )]{0,40}") {
        let length = [pattern.len().min(255) as u8];
        patterns::check(&[&length, &pattern[..], subject.as_bytes()].concat());
    }
}
