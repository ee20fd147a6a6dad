use lua::value::Value;
use lua::{Outcome, Vm, compiler, library};
use resp::{Aggregate, Protocol, Reply, RespWriter};

use super::Debugger;
use super::human::write_value;
use super::reply::ShownReply;
use super::source::Source;

fn shown(source: &str) -> String {
    let mut vm = Vm::new();
    library::open_all(&mut vm);
    let proto = compiler::compile(source.as_bytes(), b"=test").expect("the source is right");
    let function = vm.load(&std::sync::Arc::new(proto));
    assert!(matches!(
        vm.call(function, &[], u64::MAX),
        Outcome::Finished
    ));
    let value = vm.results().first().copied().unwrap_or(Value::Nil);
    let mut out = Vec::new();
    write_value(&vm.runtime.heap, value, &mut out);
    String::from_utf8(out).expect("escapes are ASCII")
}

#[test]
fn values_are_shown_as_in_redis() {
    for (source, expected) in [
        ("return nil", "nil"),
        ("return 1e15", "1e+15"),
        ("return 123456789", "1.23457e+08"),
        ("return -0.5", "-0.5"),
        ("return 1/0", "inf"),
        (
            "return 'q\"\\\\ \\n\\r\\t\\a\\b\\1\\200'",
            r#""q\"\\ \n\r\t\a\b\x01\xc8""#,
        ),
        ("return {}", "{}"),
        (
            "return {1, 'two', {true, a = false}}",
            r#"{1; "two"; {[1]=true; ["a"]=false}}"#,
        ),
        ("return {1, nil, 3}", "{[1]=1; [3]=3}"),
        ("return cjson.null", "\"light-userdata@(nil)\""),
        (
            "return {{{{{{{{{{{1}}}}}}}}}}}",
            "{{{{{{{{{{<max recursion level reached! Nested table?>}}}}}}}}}}",
        ),
        (
            "local t = {} t[1] = t return t",
            "{{{{{{{{{{<max recursion level reached! Nested table?>}}}}}}}}}}",
        ),
    ] {
        assert_eq!(shown(source), expected, "{source}");
    }
    assert!(shown("return next").starts_with("\"function@0x"));
    assert!(shown("return coroutine.create(function() end)").starts_with("\"thread@0x"));
}

fn reply_shown(protocol: Protocol, write: impl FnOnce(&mut dyn Reply)) -> (String, Vec<u8>) {
    let mut out = Vec::new();
    let mut writer = RespWriter::new(&mut out, protocol);
    let mut shown = ShownReply::new(&mut writer);
    write(&mut shown);
    let text = String::from_utf8(shown.finish().text).expect("escapes are ASCII");
    (text, out)
}

#[test]
fn replies_are_shown_and_passed_on() {
    let nested = |reply: &mut dyn Reply| {
        reply.array(4);
        reply.integer(1);
        reply.map(1);
        reply.bulk(b"k");
        reply.array(0);
        let set = reply.open(Aggregate::Set);
        reply.double(1.5);
        reply.null();
        reply.close(set, 2);
        reply.status("OK");
    };
    let (text, out) = reply_shown(Protocol::Resp3, nested);
    assert_eq!(text, r#"[1,{"k" => []},~((double) 1.5,(null)),"+OK"]"#);
    assert_eq!(
        out,
        b"*4\r\n:1\r\n%1\r\n$1\r\nk\r\n*0\r\n~2\r\n,1.5\r\n_\r\n+OK\r\n"
    );
    let (text, _) = reply_shown(Protocol::Resp2, nested);
    assert_eq!(text, r#"[1,["k",[]],["1.5",NULL],"+OK"]"#);
    let (text, _) = reply_shown(Protocol::Resp2, |reply| reply.error(b"ERR no \"x\""));
    assert_eq!(text, r#""-ERR no \"x\"""#);
}

#[test]
fn the_source_has_the_lines_a_user_counts() {
    let source = Source::new(b"one\n\nthree\n\n\n");
    assert_eq!(source.count(), 3);
    assert_eq!(source.line(1), b"one");
    assert_eq!(source.line(2), b"");
    assert_eq!(source.line(3), b"three");
    assert_eq!(source.line(0), b"<out of range source code line>");
    assert_eq!(source.line(4), b"<out of range source code line>");
    assert_eq!(Source::new(b"").count(), 0);
}

#[test]
fn the_hint_is_given_once() {
    let mut debugger = Debugger::new(b"");
    debugger.say_shortened(vec![b'x'; 257]);
    debugger.say_shortened(vec![b'x'; 300]);
    debugger.say_shortened(vec![b'x'; 256]);
    let lengths: Vec<usize> = debugger.lines.iter().map(Vec::len).collect();
    assert_eq!(lengths[0], 260);
    assert!(debugger.lines[1].starts_with(b"<hint>"));
    assert_eq!(lengths[2..], [260, 256]);
}
