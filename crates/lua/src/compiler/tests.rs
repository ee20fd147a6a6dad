use super::compile;
use crate::disassemble::disassemble;

/// The bytes of a recorded text with `\n`, `\r`, `\t`, `\\` and `\ddd` escapes.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        let (value, length) = match rest {
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [a, b, c, ..] => ((a - b'0') * 100 + (b - b'0') * 10 + (c - b'0'), 3),
            _ => panic!("a bad escape in {text}"),
        };
        out.push(value);
        rest = &rest[length..];
    }
    out
}

#[test]
fn messages_agree_with_the_recorded_ones_of_lua() {
    let mut failures = Vec::new();
    for line in include_str!("../../tests/recorded/syntax_errors.txt").lines() {
        let (source, expected) = line.split_once('\t').expect("source, tab, message");
        let actual = match compile(&unescape(source), b"=s") {
            Ok(_) => b"ok".to_vec(),
            Err(error) => error.message(),
        };
        if actual != unescape(expected) {
            let actual = String::from_utf8_lossy(&actual).into_owned();
            failures.push(format!("{source}\n  lua: {expected}\n  we:  {actual}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn chunks_that_are_not_text_are_refused() {
    let error = compile(b"\x1bLua", b"=s").expect_err("a precompiled chunk");
    assert_eq!(error.message(), b"s:1: unexpected symbol near 'char(27)'");
}

/// The greatest `n` for which the source made from `n` compiles, and the message for one more.
fn limit(native_calls: u32, most: usize, make: impl Fn(usize) -> String) -> (usize, String) {
    let message = |n: usize| {
        let result = super::compile_shared(make(n).as_bytes(), &b"=c"[..].into(), native_calls);
        result.err().map(|error| error.to_string())
    };
    let (mut low, mut high) = (1, most);
    assert_eq!(message(low), None);
    assert_ne!(message(high), None);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if message(middle).is_none() {
            low = middle
        } else {
            high = middle
        }
    }
    (low, message(high).expect("a limit"))
}

#[test]
fn nesting_is_limited_as_in_lua() {
    let nesting =
        |start: &'static str, open: &'static str, inside: &'static str, close: &'static str| {
            let make = |n| format!("{start}{}{inside}{}", open.repeat(n), close.repeat(n));
            let (found, message) = limit(2, 400, make);
            assert_eq!(message, "c:1: chunk has too many syntax levels", "{open}");
            found
        };
    assert_eq!(nesting("x=", "(", "1", ")"), 196);
    assert_eq!(nesting("x=", "(1+", "1", ")"), 98);
    assert_eq!(nesting("x=", "{", "1", "}"), 196);
    assert_eq!(nesting("x=", "function() return ", "1", " end"), 98);
    assert_eq!(nesting("", "function f() ", "", " end"), 197);
    assert_eq!(nesting("", "do ", "", " end"), 197);
    assert_eq!(nesting("", "if x then ", "", " end"), 197);
    assert_eq!(nesting("", "while x do ", "", " end"), 197);
    assert_eq!(nesting("", "repeat ", "", " until x"), 197);
    assert_eq!(nesting("x=", "- ", "a", ""), 196);
    assert_eq!(nesting("x=", "not ", "a", ""), 196);
    assert_eq!(nesting("x=", "a..", "a", ""), 196);
    assert_eq!(nesting("x=", "a^", "a", ""), 196);
    assert_eq!(nesting("x=", "f(", "a", ")"), 196);
    assert_eq!(nesting("x=", "a[", "a", "]"), 196);
}

#[test]
fn counts_are_limited_as_in_lua() {
    let repeated = |start: &'static str, again: &'static str, end: &'static str| {
        limit(2, 400, move |n| format!("{start}{}{end}", again.repeat(n)))
    };
    let too_complex = |near: &str| format!("c:1: function or expression too complex near '{near}'");
    assert_eq!(
        repeated("", "a,", "a=1"),
        (
            197,
            "c:1: main function has more than 197 variables in assignment".into()
        )
    );
    let locals = "c:1: main function has more than 200 local variables".to_string();
    assert_eq!(repeated("local ", "a,", "a=1"), (199, locals.clone()));
    assert_eq!(repeated("", "local a ", ""), (200, locals.clone()));
    let nested_loops = |n: usize| format!("{}{}", "for i=1,2 do ".repeat(n), "end ".repeat(n));
    assert_eq!(limit(2, 400, nested_loops), (50, locals));
    assert_eq!(
        repeated("\nlocal function f()\n", "local a ", " end"),
        (
            200,
            "c:3: function at line 2 has more than 200 local variables".into()
        )
    );
    assert_eq!(
        repeated("local function f(", "a,", "a) end"),
        (
            199,
            "c:1: function at line 1 has more than 200 local variables".into()
        )
    );
    assert_eq!(repeated("f(", "a,", "a)"), (247, too_complex("<eof>")));
    assert_eq!(repeated("f(", "nil,", "a)"), (247, too_complex("<eof>")));
    assert_eq!(repeated("return ", "a,", "a"), (248, too_complex("<eof>")));
    assert_eq!(repeated("a=", "a,", "a"), (248, too_complex("<eof>")));
}

#[test]
fn upvalues_are_limited_as_in_lua() {
    let make = |n: usize| {
        let names: Vec<String> = (0..n).map(|i| format!("a{i}")).collect();
        format!(
            "local {}\nfunction f() return {} end",
            names.join(","),
            names.join("+")
        )
    };
    let message = "c:2: function at line 2 has more than 60 upvalues".to_string();
    assert_eq!(limit(2, 199, make), (60, message));
}

#[test]
fn long_chains_are_not_limited() {
    for (start, again, end) in [
        ("if x then ", "elseif y then ", "end"),
        ("x=", "a+", "a"),
        ("x=", "a or ", "a"),
        ("x=", "a and b or ", "a"),
        ("x={", "a,", "a}"),
        ("x=f", "()", ""),
        ("x=f", ".x", ""),
        ("x=f", "[1]", ""),
        ("", "x=y ", ""),
        ("", "f=function() end ", ""),
    ] {
        let source = format!("{start}{}{end}", again.repeat(20_000));
        assert_eq!(compile(source.as_bytes(), b"=c").err(), None, "{again}");
    }
}

#[test]
fn constants_may_be_many() {
    let source: String = (0..70_000).map(|i| format!("x{i}='k{i}' ")).collect();
    let proto = compile(source.as_bytes(), b"=c").expect("fewer constants than the limit");
    let listing = disassemble(&proto);
    assert!(listing.contains("LoadKx        r0 \"k69999\"\n"));
    assert!(listing.contains("SetGlobalKx   r0 \"x69999\"\n"));
    let source: String = (0..270_000).map(|i| format!("x='k{i}' ")).collect();
    let error = compile(source.as_bytes(), b"=c").expect_err("more constants than the limit");
    assert_eq!(error.message(), b"constant table overflow");
}

#[test]
fn jumps_are_limited_about_as_in_lua() {
    // 5.1 allows 65,533 statements in the first and 65,535 in the others.
    for (start, end, near) in [
        ("while x do ", " end", "end"),
        ("if x then ", " end", "<eof>"),
        ("for i=1,2 do ", " end", "end"),
        ("for i in f do ", " end", "end"),
    ] {
        let long = |n| {
            compile(
                format!("{start}{}{end}", "x=y ".repeat(n)).as_bytes(),
                b"=c",
            )
        };
        assert_eq!(long(65_000).err(), None, "{start}");
        let error = long(66_000).expect_err("too long").to_string();
        assert_eq!(
            error,
            format!("c:1: control structure too long near '{near}'")
        );
    }
}

#[test]
fn loops_may_be_long() {
    for (start, end) in [
        ("for i=1,2 do ", " end"),
        ("for k in f do ", " end"),
        ("while a do ", " end"),
        ("repeat ", " until a"),
        ("if a then ", " else b() end"),
    ] {
        let source = format!("{start}{}{end} c()", "x=y ".repeat(50_000));
        assert_eq!(compile(source.as_bytes(), b"=c").err(), None, "{start}");
    }
}

/// A server's threads may have small stacks.
#[test]
fn the_deepest_nesting_fits_a_small_stack() {
    let deepest = |start: &str, open: &str, inside: &str, close: &str| {
        for n in (1..=200).rev() {
            let source = format!("{start}{}{inside}{}", open.repeat(n), close.repeat(n));
            if compile(source.as_bytes(), b"=c").is_ok() {
                return n;
            }
        }
        0
    };
    let compile_all = move || {
        assert_eq!(deepest("x=", "(", "1", ")"), 198);
        assert_eq!(deepest("x=", "{a=1,", "1", "}"), 198);
        assert_eq!(deepest("x=", "f{g=", "1", "}"), 124);
        assert_eq!(deepest("x=", "a[b..", "1", "]"), 99);
        assert_eq!(deepest("x=", "function() return ", "1", " end"), 99);
        assert_eq!(deepest("", "function f() ", "", " end"), 199);
        assert_eq!(deepest("", "local function f() ", "", " end"), 199);
        assert_eq!(deepest("", "if x then else ", "", " end"), 199);
        assert_eq!(deepest("", "for k in f do ", "", " end"), 50);
        assert_eq!(deepest("", "while x do ", "", " end"), 199);
        assert_eq!(deepest("", "repeat ", "", " until f()"), 199);
    };
    // Under AddressSanitizer frames are several times as large.
    let stack = match std::env::var_os("ASAN_OPTIONS") {
        Some(_) => 8 << 20,
        None => 512 << 10,
    };
    std::thread::Builder::new()
        .stack_size(stack)
        .spawn(compile_all)
        .expect("a thread")
        .join()
        .expect("no overflow");
}
