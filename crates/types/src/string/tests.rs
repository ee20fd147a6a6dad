//! Strings against a plain byte vector, and their encodings.

use super::*;
use proptest::prelude::*;

#[test]
fn encodings_follow_content_and_history() {
    assert_eq!(StringValue::new(b"12").encoding(), Encoding::Int);
    assert_eq!(StringValue::new(b"012").encoding(), Encoding::Embstr);
    assert_eq!(StringValue::new(&[b'x'; 44]).encoding(), Encoding::Embstr);
    assert_eq!(StringValue::new(&[b'x'; 45]).encoding(), Encoding::Raw);
    let mut value = StringValue::new(b"12");
    assert_eq!(value.append(b"3"), 3);
    assert_eq!(value.encoding(), Encoding::Raw);
    assert_eq!(value.as_i64(), Some(123));
}

#[test]
fn set_range_fills_gaps_with_zeros() {
    let mut value = StringValue::new(b"7");
    assert_eq!(value.set_range(3, b"ab"), 5);
    assert_eq!(*value.text(), *b"7\0\0ab");
    assert_eq!(value.set_range(1, b"xy"), 5);
    assert_eq!(*value.text(), *b"7xyab");
}

#[test]
fn ranges_are_cut_to_the_content() {
    let value = StringValue::new(b"hello");
    let mut scratch = [0; 20];
    assert_eq!(value.get_range(1..3, &mut scratch), b"el");
    assert_eq!(value.get_range(3..99, &mut scratch), b"lo");
    assert_eq!(value.get_range(9..99, &mut scratch), b"");
}

#[derive(Clone, Debug)]
enum Op {
    Append(Vec<u8>),
    SetRange(usize, Vec<u8>),
    Truncate(usize),
    Grow(usize),
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|integer| integer.to_string().into_bytes()),
        (-200i64..200).prop_map(|integer| integer.to_string().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..60),
        prop::collection::vec(b'0'..=b'9', 0..22),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        content().prop_map(Op::Append),
        (0usize..80, content()).prop_map(|(offset, bytes)| Op::SetRange(offset, bytes)),
        (0usize..80).prop_map(Op::Truncate),
        (0usize..80).prop_map(Op::Grow),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_byte_vector(
        initial in content(),
        ops in prop::collection::vec(op(), 0..20),
        range in (0usize..80, 0usize..80),
    ) {
        let mut value = StringValue::new(&initial);
        let mut model = initial;
        let fresh = match (parse_i64(&model), model.len()) {
            (Some(_), _) => Encoding::Int,
            (None, ..=EMBSTR_MAX) => Encoding::Embstr,
            _ => Encoding::Raw,
        };
        prop_assert_eq!(value.encoding(), fresh);
        for op in ops {
            match op {
                Op::Append(bytes) => {
                    model.extend_from_slice(&bytes);
                    prop_assert_eq!(value.append(&bytes), model.len());
                }
                Op::SetRange(offset, bytes) => {
                    let end = offset + bytes.len();
                    if !bytes.is_empty() {
                        model.resize(model.len().max(end), 0);
                        model[offset..end].copy_from_slice(&bytes);
                    }
                    prop_assert_eq!(value.set_range(offset, &bytes), model.len());
                }
                Op::Truncate(length) => {
                    model.truncate(length);
                    value.truncate(length);
                }
                Op::Grow(length) => {
                    model.resize(model.len().max(length), 0);
                    prop_assert_eq!(&*value.bytes_mut(length), &model[..]);
                }
            }
            prop_assert_eq!(value.encoding(), Encoding::Raw);
        }
        let mut scratch = [0; 20];
        prop_assert_eq!(value.as_bytes(&mut scratch), &model[..]);
        prop_assert_eq!(&*value.text(), &model[..]);
        prop_assert_eq!(value.len(), model.len());
        prop_assert_eq!(value.as_i64(), parse_i64(&model));
        prop_assert_eq!(&value, &StringValue::raw(&model));
        let end = range.1.min(model.len());
        let expected = &model[range.0.min(end)..end];
        prop_assert_eq!(value.get_range(range.0..range.1, &mut scratch), expected);
    }
}
