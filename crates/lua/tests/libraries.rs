//! Runs the recorded library scripts and compares what they return with what `redis-server` 7.0.15
//! and `lua5.1` gave for them.

use lua::{Outcome, Vm, library};

/// The string a script returns.
fn run(name: &str, script: &str) -> Vec<u8> {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto =
        lua::compiler::compile(script.as_bytes(), name.as_bytes()).expect("the script compiles");
    let function = vm.load(&std::sync::Arc::new(proto));
    match vm.call(function, &[], u64::MAX) {
        Outcome::Finished => match vm.results() {
            [lua::value::Value::String(string)] => vm.runtime.heap.bytes(*string).to_vec(),
            other => panic!("{name} returned {other:?}"),
        },
        Outcome::Suspended => panic!("{name} was suspended"),
        Outcome::Failed(error) => panic!("{name}: {error}"),
    }
}

fn compare(name: &str, script: &str, expected: &[u8]) {
    let found = run(name, script);
    let mut differences = Vec::new();
    let mut found_lines = found.split(|&byte| byte == b'\n');
    let mut lines = 0;
    for expected in expected
        .strip_suffix(b"\n")
        .unwrap_or(expected)
        .split(|&byte| byte == b'\n')
    {
        lines += 1;
        let found = found_lines.next().unwrap_or(b"<nothing>");
        if found != expected {
            differences.push(format!(
                "line {lines}\n  expected {}\n  found    {}",
                String::from_utf8_lossy(expected),
                String::from_utf8_lossy(found)
            ));
        }
    }
    assert!(
        differences.is_empty(),
        "{name}: {} of {lines} lines differ\n{}",
        differences.len(),
        differences.join("\n")
    );
}

macro_rules! recorded {
    ($($test:ident: $name:literal, $chunk:literal;)*) => {$(
        #[test]
        fn $test() {
            compare(
                $chunk,
                include_str!(concat!("recorded/", $name, ".lua")),
                include_bytes!(concat!("recorded/", $name, ".txt")),
            );
        }
    )*};
}

recorded! {
    cjson: "cjson", "@user_script";
    cmsgpack: "cmsgpack", "@user_script";
    struct_and_bit: "struct_bit", "@user_script";
    limits_and_error_positions: "limits", "@user_script";
    string_table_and_math: "string_table_math", "@string_table_math.lua";
}
