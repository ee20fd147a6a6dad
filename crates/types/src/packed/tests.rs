//! A packed block against a plain vector.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert(usize, Vec<u8>),
    Remove(usize),
    Replace(usize, Vec<u8>),
    RemoveRange(usize, usize),
    SplitOff(usize),
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (100usize..300).prop_map(|length| vec![b'x'; length]),
        1 => (16_300usize..16_500).prop_map(|length| vec![b'y'; length]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (prop_oneof![Just(0), Just(usize::MAX), any::<usize>()], payload())
            .prop_map(|(at, payload)| Op::Insert(at, payload)),
        2 => prop_oneof![Just(0), Just(usize::MAX), any::<usize>()].prop_map(Op::Remove),
        2 => (any::<usize>(), payload()).prop_map(|(at, payload)| Op::Replace(at, payload)),
        1 => (any::<usize>(), 0usize..5).prop_map(|(at, count)| Op::RemoveRange(at, count)),
        1 => any::<usize>().prop_map(Op::SplitOff),
    ]
}

/// Folds a number onto `0..=max`, with `usize::MAX` as `max` itself.
fn fold(at: usize, max: usize) -> usize {
    if at == usize::MAX {
        max
    } else {
        at % (max + 1)
    }
}

proptest! {
    #[test]
    fn behaves_like_a_vector(ops in prop::collection::vec(op(), 0..60)) {
        let mut packed = Packed::new();
        let mut model: Vec<Vec<u8>> = Vec::new();
        for op in ops {
            match op {
                Op::Insert(at, payload) => {
                    let at = fold(at, model.len());
                    let (left, right) = payload.split_at(payload.len() / 2);
                    packed.insert(packed.offset_of(at), &[left, right]);
                    model.insert(at, payload);
                }
                Op::Remove(at) if !model.is_empty() => {
                    let at = fold(at, model.len() - 1);
                    let next = packed.remove(packed.offset_of(at));
                    model.remove(at);
                    prop_assert_eq!(next, packed.offset_of(at));
                }
                Op::Replace(at, payload) if !model.is_empty() => {
                    let at = fold(at, model.len() - 1);
                    packed.replace(packed.offset_of(at), &[&payload]);
                    model[at] = payload;
                }
                Op::RemoveRange(at, count) => {
                    let at = fold(at, model.len());
                    let end = (at + count).min(model.len());
                    packed.remove_range(packed.offset_of(at), packed.offset_of(end), end - at);
                    model.drain(at..end);
                }
                Op::SplitOff(at) => {
                    let at = fold(at, model.len());
                    let tail = packed.split_off(packed.offset_of(at), model.len() - at);
                    let expected = model.split_off(at);
                    prop_assert!(tail.iter().eq(expected.iter().map(Vec::as_slice)));
                }
                Op::Remove(_) | Op::Replace(..) => {}
            }
            prop_assert_eq!(packed.len(), model.len());
            let sizes = model.iter().map(|payload| entry_size(payload.len()));
            prop_assert_eq!(packed.size(), sizes.sum::<usize>());
            prop_assert!(packed.iter().eq(model.iter().map(Vec::as_slice)));
            prop_assert!(packed.iter().rev().eq(model.iter().rev().map(Vec::as_slice)));
        }
    }
}
