//! Listings of every construct, compared with `disassembly.txt`.
//!
//! That file holds cases: a line `=== name`, the source, a line `---`, the listing. With `UPDATE_LISTINGS=1` in the
//! environment the listings are written anew, to be read before they are committed.

use lua::compiler::compile;
use lua::disassemble::disassemble;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/disassembly.txt");

#[test]
fn listings_are_the_expected_ones() {
    let text = std::fs::read_to_string(FILE).expect("the file of cases");
    let mut renewed = String::new();
    let mut failures = Vec::new();
    for case in text.split("=== ").skip(1) {
        let (name, rest) = case.split_once('\n').expect("a name");
        let (source, expected) = rest.split_once("---\n").expect("source and listing");
        let proto = compile(source.trim_end().as_bytes(), b"=case").expect("the source is right");
        let actual = disassemble(&proto);
        renewed.push_str(&format!("=== {name}\n{source}---\n{actual}\n"));
        if actual.trim_end() != expected.trim_end() {
            failures.push(format!(
                "{name}\n{source}\nexpected:\n{expected}\nactual:\n{actual}"
            ));
        }
    }
    if std::env::var_os("UPDATE_LISTINGS").is_some() {
        std::fs::write(FILE, renewed).expect("the file can be written");
        return;
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
