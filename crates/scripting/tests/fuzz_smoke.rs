//! A short run of the fuzz target's checks over inputs near the grammar.

#[path = "../../../fuzz/checks/function_payload.rs"]
mod check;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_of_the_grammar_in_any_order(
        tokens in proptest::collection::vec(
            prop_oneof![
                Just(b"\xf5".to_vec()), Just(b"\xf6".to_vec()), Just(b"\xf5\x02ab".to_vec()),
                Just(b"\x41\x00".to_vec()), Just(b"\x80\0\0\0\x01".to_vec()), Just(b"\x81".to_vec()),
                Just(b"\xc0\x05".to_vec()), Just(b"\xc1\x05\x06".to_vec()), Just(b"\xc3\x04\x08\0a\xa0\0".to_vec()),
                Just(b"\xc3".to_vec()), Just(b"\xff\xff\xff\xff".to_vec()), Just(b"\x0a\0".to_vec()),
                Just(b"#!lua name=a\n".to_vec()), Just(b"#!".to_vec()), Just(b"lua".to_vec()), Just(b" name=".to_vec()),
                Just(b"\"".to_vec()), Just(b"'".to_vec()), Just(b"\n".to_vec()), Just(b" ".to_vec()),
                "[a-z_0-9]{1,4}".prop_map(String::into_bytes), "[\\x00-\\x40]{1}".prop_map(String::into_bytes),
            ],
            0..30,
        )
    ) {
        check::check(&tokens.concat());
    }

    #[test]
    fn noise(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check::check(&bytes);
    }
}
