use crate::testing::Kit;
use crate::testing::transcript::replay;

#[test]
fn bits_answer_as_recorded() {
    replay("src/bitmap/bits.transcript");
}

#[test]
fn bit_fields_answer_as_recorded() {
    replay("src/bitmap/field.transcript");
}

/// Redis makes room for the field too, but tells nobody: watchers, copies and subscribers miss it.
#[test]
fn a_field_that_fails_makes_room_and_says_so() {
    let mut kit = Kit::new();
    assert_eq!(
        kit.run("BITFIELD k OVERFLOW FAIL SET u8 8 256"),
        "*1\r\n$-1\r\n"
    );
    assert_eq!(kit.changes.events.len(), 1);
    assert_eq!(kit.run("STRLEN k"), ":2\r\n");
}
