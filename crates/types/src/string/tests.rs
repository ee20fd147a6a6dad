use super::*;

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
