use crate::testing::transcript::replay;

#[test]
fn set_and_get_answer_as_recorded() {
    replay("src/string/set.transcript");
}

#[test]
fn changes_in_place_answer_as_recorded() {
    replay("src/string/write.transcript");
}

#[test]
fn lcs_answers_as_recorded() {
    replay("src/string/lcs.transcript");
}
