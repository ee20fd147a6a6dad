//! A short run of the fuzz target's checks over inputs near the grammar.

#[path = "../../../fuzz/checks/resp_parser.rs"]
mod check;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_of_the_grammar_in_any_order(
        tokens in proptest::collection::vec(
            prop_oneof![
                Just(b"*".to_vec()), Just(b"$".to_vec()), Just(b"\r\n".to_vec()), Just(b"\n".to_vec()),
                Just(b"\r".to_vec()), Just(b"\"".to_vec()), Just(b"'".to_vec()), Just(b"\\x4".to_vec()),
                Just(b" ".to_vec()), Just(b"\0".to_vec()), Just(b"-1".to_vec()), Just(b"99999999999999".to_vec()),
                Just(b"*1\r\n$4\r\nPING\r\n".to_vec()), Just(b"*2\r\n".to_vec()), Just(b"$3\r\n".to_vec()),
                "[0-9]{1,2}".prop_map(String::into_bytes), "[a-z]{1,4}".prop_map(String::into_bytes),
            ],
            0..40,
        )
    ) {
        check::check(&tokens.concat());
    }

    #[test]
    fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check::check(&bytes);
    }
}
