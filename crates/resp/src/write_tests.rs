use proptest::prelude::*;

use super::*;
use crate::read::{Value, read_value};

fn encode(protocol: Protocol, write: impl FnOnce(&mut dyn Reply)) -> String {
    let mut out = Vec::new();
    write(&mut RespWriter::new(&mut out, protocol));
    String::from_utf8(out).expect("ASCII")
}

fn both(write: impl Fn(&mut dyn Reply)) -> (String, String) {
    (
        encode(Protocol::Resp2, &write),
        encode(Protocol::Resp3, &write),
    )
}

fn pair(resp2: &str, resp3: &str) -> (String, String) {
    (resp2.to_owned(), resp3.to_owned())
}

#[test]
fn scalars_have_the_bytes_of_redis_server() {
    assert_eq!(both(|r| r.ok()), pair("+OK\r\n", "+OK\r\n"));
    assert_eq!(both(|r| r.status("PONG")), pair("+PONG\r\n", "+PONG\r\n"));
    assert_eq!(both(|r| r.integer(-12)), pair(":-12\r\n", ":-12\r\n"));
    assert_eq!(both(|r| r.integer(i64::MIN)).0, ":-9223372036854775808\r\n");
    assert_eq!(both(|r| r.bulk(b"")), pair("$0\r\n\r\n", "$0\r\n\r\n"));
    assert_eq!(
        both(|r| r.bulk(b"hello world")),
        pair("$11\r\nhello world\r\n", "$11\r\nhello world\r\n")
    );
    assert_eq!(both(|r| r.null()), pair("$-1\r\n", "_\r\n"));
    assert_eq!(both(|r| r.null_array()), pair("*-1\r\n", "_\r\n"));
    assert_eq!(both(|r| r.boolean(true)), pair(":1\r\n", "#t\r\n"));
    assert_eq!(both(|r| r.boolean(false)), pair(":0\r\n", "#f\r\n"));
    assert_eq!(both(|r| r.double(1.5)), pair("$3\r\n1.5\r\n", ",1.5\r\n"));
    assert_eq!(
        both(|r| r.double(f64::INFINITY)),
        pair("$3\r\ninf\r\n", ",inf\r\n")
    );
    assert_eq!(
        both(|r| r.big_number(b"1234567999999999999999999999999999999")),
        pair(
            "$37\r\n1234567999999999999999999999999999999\r\n",
            "(1234567999999999999999999999999999999\r\n"
        )
    );
    assert_eq!(
        both(|r| r.verbatim(b"txt", b"This is a verbatim\nstring")),
        pair(
            "$25\r\nThis is a verbatim\nstring\r\n",
            "=29\r\ntxt:This is a verbatim\nstring\r\n"
        )
    );
    assert_eq!(
        both(|r| r.bulk_integer(-5)),
        pair("$2\r\n-5\r\n", "$2\r\n-5\r\n")
    );
}

#[test]
fn aggregates_have_the_bytes_of_redis_server() {
    let three = |kind| both(move |r| r.aggregate(kind, 3));
    assert_eq!(three(Aggregate::Array), pair("*3\r\n", "*3\r\n"));
    assert_eq!(three(Aggregate::Map), pair("*6\r\n", "%3\r\n"));
    assert_eq!(three(Aggregate::Set), pair("*3\r\n", "~3\r\n"));
    assert_eq!(three(Aggregate::Push), pair("*3\r\n", ">3\r\n"));
    assert_eq!(encode(Protocol::Resp3, |r| r.attribute(1)), "|1\r\n");
    assert_eq!(both(|r| r.array(1234)), pair("*1234\r\n", "*1234\r\n"));
}

#[test]
fn a_line_cannot_be_broken_by_its_text() {
    assert_eq!(both(|r| r.error(b"abc\r\nd\r\n")).0, "-abc  d\r\n");
    assert_eq!(both(|r| r.status("a\r\nb")).0, "+a  b\r\n");
}

#[test]
fn errors_are_counted() {
    let mut out = Vec::new();
    let mut writer = RespWriter::new(&mut out, Protocol::Resp2);
    writer.array(2);
    writer.error(b"ERR a");
    writer.error(b"ERR b");
    assert_eq!(writer.errors(), 2);
}

#[test]
fn lengths_filled_in_later_give_the_same_bytes() {
    for inner in [0, 1, 9, 10, 99, 100, 1234] {
        let early = both(|r| {
            r.array(2);
            r.map(inner);
            (0..inner).for_each(|i| {
                r.integer(i as i64);
                r.bulk(b"v");
            });
            r.ok();
        });
        let late = both(|r| {
            let outer = r.open(Aggregate::Array);
            let map = r.open(Aggregate::Map);
            (0..inner).for_each(|i| {
                r.integer(i as i64);
                r.bulk(b"v");
            });
            r.close(map, inner);
            r.ok();
            r.close(outer, 2);
        });
        assert_eq!(early, late);
    }
}

fn arbitrary_value() -> impl Strategy<Value = Value> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
    let line = || "[ -~]{0,20}".prop_map(String::into_bytes);
    let leaf = prop_oneof![
        line().prop_map(Value::Status),
        line().prop_map(Value::Error),
        any::<i64>().prop_map(Value::Integer),
        bytes().prop_map(Value::Bulk),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |d| !d.is_nan())
            .prop_map(Value::Double),
        "-?[1-9][0-9]{0,40}".prop_map(|digits| Value::BigNumber(digits.into_bytes())),
        bytes().prop_map(|text| Value::Verbatim(*b"txt", text)),
    ];
    leaf.prop_recursive(4, 64, 12, |inner| {
        let values = proptest::collection::vec(inner.clone(), 0..12);
        let pairs = proptest::collection::vec((inner.clone(), inner.clone()), 0..12);
        prop_oneof![
            values.clone().prop_map(Value::Array),
            values.clone().prop_map(Value::Set),
            values.prop_map(Value::Push),
            pairs.clone().prop_map(Value::Map),
            (pairs, inner).prop_map(|(pairs, value)| Value::Attribute(pairs, Box::new(value))),
        ]
    })
}

/// Writes `value`, leaving the lengths open where `late` says so.
fn write(value: &Value, late: bool, out: &mut dyn Reply) {
    fn values(kind: Aggregate, values: &[Value], late: bool, out: &mut dyn Reply) {
        if late {
            let mark = out.open(kind);
            values.iter().for_each(|value| write(value, late, out));
            out.close(mark, values.len());
        } else {
            out.aggregate(kind, values.len());
            values.iter().for_each(|value| write(value, late, out));
        }
    }
    fn pairs(kind: Aggregate, pairs: &[(Value, Value)], late: bool, out: &mut dyn Reply) {
        let mark = late.then(|| out.open(kind));
        if mark.is_none() {
            out.aggregate(kind, pairs.len());
        }
        for (key, value) in pairs {
            write(key, late, out);
            write(value, late, out);
        }
        if let Some(mark) = mark {
            out.close(mark, pairs.len());
        }
    }
    match value {
        Value::Status(text) => out.status_bytes(text),
        Value::Error(text) => out.error(text),
        Value::Integer(value) => out.integer(*value),
        Value::Bulk(bytes) => out.bulk(bytes),
        Value::Null => out.null(),
        Value::NullArray => out.null_array(),
        Value::Boolean(value) => out.boolean(*value),
        Value::Double(value) => out.double(*value),
        Value::BigNumber(digits) => out.big_number(digits),
        Value::Verbatim(format, text) => out.verbatim(format, text),
        Value::Array(items) => values(Aggregate::Array, items, late, out),
        Value::Set(items) => values(Aggregate::Set, items, late, out),
        Value::Push(items) => values(Aggregate::Push, items, late, out),
        Value::Map(items) => pairs(Aggregate::Map, items, late, out),
        Value::Attribute(items, value) => {
            pairs(Aggregate::Attribute, items, late, out);
            write(value, late, out);
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(value in arbitrary_value(), late: bool) {
        let mut out = Vec::new();
        write(&value, late, &mut RespWriter::new(&mut out, Protocol::Resp3));
        prop_assert_eq!(read_value(&out), Ok(Some((value, out.len()))));
    }

    #[test]
    fn a_cut_reply_is_incomplete(value in arbitrary_value(), cut: prop::sample::Index) {
        let mut out = Vec::new();
        write(&value, false, &mut RespWriter::new(&mut out, Protocol::Resp3));
        let cut = cut.index(out.len());
        prop_assert_eq!(read_value(&out[..cut]), Ok(None));
    }

    #[test]
    fn reading_noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_value(&bytes);
    }
}
