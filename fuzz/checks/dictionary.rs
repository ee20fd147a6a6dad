//! The fuzz targets' dictionaries, which libFuzzer reads by itself (`-dict=`), for the bounded tests of the same checks: inputs put together
//! of a grammar's words come nearer to it than noise.

use proptest::prelude::*;

/// Up to `most` words of a dictionary in any order, with `between` between them.
pub fn words(
    dictionary: &str,
    most: usize,
    between: &'static [u8],
) -> impl Strategy<Value = Vec<u8>> + use<> {
    prop::collection::vec(prop::sample::select(parse(dictionary)), 0..most)
        .prop_map(move |words| words.join(between))
}

/// The words of a dictionary: a quoted one in each line that is no comment, with the escapes `\"`, `\\` and `\xAB`.
pub fn parse(dictionary: &str) -> Vec<Vec<u8>> {
    let lines = dictionary.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let quoted = line
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'));
            unescaped(
                quoted
                    .expect("a word of the dictionary is quoted")
                    .as_bytes(),
            )
        })
        .collect()
}

fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut word = Vec::new();
    loop {
        text = match text {
            [] => return word,
            [b'\\', b'x', high, low, rest @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("a digit");
                word.push((digit(high) * 16 + digit(low)) as u8);
                rest
            }
            [b'\\', byte, rest @ ..] | [byte, rest @ ..] => {
                word.push(*byte);
                rest
            }
        };
    }
}
