//! A short run of the fuzz targets' checks over inputs near the grammar.

#[path = "../../../fuzz/checks/function_payload.rs"]
mod check;
#[path = "../../../fuzz/checks/dictionary.rs"]
mod dictionary;
#[path = "../../../fuzz/checks/sandbox_script.rs"]
mod sandbox_script;

use proptest::prelude::*;

const WORDS: &str = include_str!("../../../fuzz/dictionaries/library.dict");

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn statements_that_reach_out(
        statements in proptest::collection::vec(
            (0..PLACES.len(), 0..WAYS.len(), 0..ENDS.len()).prop_map(|(place, way, end)| {
                WAYS[way].replace("{place}", PLACES[place]).replace("{end}", ENDS[end])
            }),
            0..6,
        ),
        end in 0..ENDS.len(),
    ) {
        let mut text = statements
            .iter()
            .map(|statement| format!("pcall(function() {statement} end) "))
            .collect::<String>();
        text.push_str(ENDS[end]);
        sandbox_script::check(text.as_bytes());
    }
}

/// Tables that outlive a run.
const PLACES: &[&str] = &[
    "_G",
    "string",
    "redis",
    "cjson",
    "math",
    "getmetatable('')",
    "getmetatable(_G)",
    "KEYS",
];

/// Ways to change them, or what the libraries remember.
const WAYS: &[&str] = &[
    "{place}.x = 1",
    "rawset({place}, 'x', 1)",
    "setmetatable({place}, {__index = function() return 1 end})",
    "for k in pairs({place}) do {place}[k] = nil end",
    "table.insert({place}, 1)",
    "coroutine.wrap(function() {place}.x = 1 end)()",
    "assert(loadstring('x = 1'))()",
    "xpcall(function() error('x') end, function() {place}.x = 1 {end} end)",
    "setmetatable({}, {__newindex = {place}}).x = 1",
    "cjson.encode_max_depth(3) cjson.encode_number_precision(2) cjson.encode_sparse_array(true)",
    "cjson.decode_max_depth(2) cjson.encode_invalid_numbers(true) cjson.decode_invalid_numbers(false)",
    "math.randomseed(3)",
    "collectgarbage('stop') collectgarbage('setpause', 1000)",
    "redis.setresp(3)",
    "KEYS, ARGV = {place}, 1",
    "string.gsub('abc', '.', function() {end} end)",
];

/// How code ends.
const ENDS: &[&str] = &[
    "return 1",
    "error({err = 'E x'})",
    "error('x')",
    "return redis.setresp(3)",
    "while true do end",
    "local function f() return 1 + f() end return f()",
    "local t = {} while true do t[#t + 1] = ('x'):rep(100000) .. #t end",
    "return coroutine.yield()",
];
