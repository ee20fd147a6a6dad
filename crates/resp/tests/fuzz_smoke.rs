//! A short run of the fuzz target's checks over inputs near the grammar.

#[path = "../../../fuzz/checks/resp_parser.rs"]
mod check;
#[path = "../../../fuzz/checks/dictionary.rs"]
mod dictionary;

use proptest::prelude::*;

const WORDS: &str = include_str!("../../../fuzz/dictionaries/resp.dict");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_of_the_grammar_in_any_order(bytes in dictionary::words(WORDS, 40, b"")) {
        check::check(&bytes);
    }

    #[test]
    fn noise(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check::check(&bytes);
    }
}
