//! Lists against a standard double-ended queue, across node sizes.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Push(End, Vec<u8>),
    Pop(End),
    Set(usize, Vec<u8>),
    Insert(usize, Vec<u8>),
    Remove(usize),
    RemoveEqual(Vec<u8>, End, usize),
    Trim(usize, usize, bool),
    Range(usize, usize),
}

fn element() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        10 => prop::collection::vec(0u8..2, 0..3),
        2 => prop::collection::vec(any::<u8>(), 100..2_000),
        1 => (5_000usize..10_000).prop_map(|length| vec![b'x'; length]),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Front), Just(End::Back)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (end(), element()).prop_map(|(end, element)| Op::Push(end, element)),
        2 => end().prop_map(Op::Pop),
        2 => (any::<usize>(), element()).prop_map(|(index, element)| Op::Set(index, element)),
        4 => (any::<usize>(), element()).prop_map(|(index, element)| Op::Insert(index, element)),
        1 => any::<usize>().prop_map(Op::Remove),
        1 => (element(), end(), 0usize..4)
            .prop_map(|(element, end, count)| Op::RemoveEqual(element, end, count)),
        1 => (0usize..10, 0usize..10, any::<bool>())
            .prop_map(|(front, back, undo)| Op::Trim(front, back, undo)),
        2 => (any::<usize>(), any::<usize>()).prop_map(|(start, end)| Op::Range(start, end)),
    ]
}

proptest! {
    #[test]
    fn behaves_like_a_queue(
        ops in prop::collection::vec(op(), 0..80),
        node_size in prop_oneof![Just(-2), Just(-1), Just(1), Just(2), Just(3), Just(0), Just(128)],
        plain_element_min in prop_oneof![Just(0), Just(1), Just(5)],
    ) {
        let limits = Limits {
            list_max_listpack_size: node_size,
            list_plain_element_min: plain_element_min,
            ..Limits::DEFAULT
        };
        let mut list = List::new();
        let mut model: VecDeque<Vec<u8>> = VecDeque::new();
        for op in ops {
            match op {
                Op::Push(end, element) => {
                    list.push(end, &element, &limits);
                    match end {
                        End::Front => model.push_front(element),
                        End::Back => model.push_back(element),
                    }
                }
                Op::Pop(end) => {
                    let expected = match end {
                        End::Front => model.pop_front(),
                        End::Back => model.pop_back(),
                    };
                    let popped = list.pop(end);
 prop_assert_eq!(popped.as_deref(), expected.as_deref());
                }
                Op::Set(index, element) => {
                    let index = index % (model.len() + 1);
                    let old = list.set(index, &element, &limits);
                    let slot = model.get_mut(index);
                    let expected = slot.map(|slot| std::mem::replace(slot, element));
                    prop_assert_eq!(old.as_deref(), expected.as_deref());
                }
                Op::Insert(index, element) => {
                    let index = index % (model.len() + 1);
                    list.insert(index, &element, &limits);
                    model.insert(index, element);
                }
                Op::Remove(index) => {
                    let index = index % (model.len() + 1);
                    let removed = list.remove(index);
 let expected = model.remove(index);
 prop_assert_eq!(removed.as_deref(), expected.as_deref());
                }
                Op::RemoveEqual(element, end, count) => {
                    let equal = (0..model.len()).filter(|&index| model[index] == element);
                    let mut expected: Vec<usize> = match end {
                        End::Front => equal.take(count).collect(),
                        End::Back => equal.rev().take(count).collect(),
                    };
                    expected.sort_unstable();
                    for index in expected.iter().rev() {
                        model.remove(*index);
                    }
                    prop_assert_eq!(list.remove_equal(&element, end, count), expected);
                }
                Op::Trim(front, back, undo) => {
                    let end = model.len().saturating_sub(back);
                    let (before, behind) = list.trim(front..end);
                    if undo {
                        list.prepend(before);
                        list.append(behind);
                    } else {
                        prop_assert_eq!(behind.len(), model.len() - end);
                        model.truncate(end);
                        let front = front.min(model.len());
                        prop_assert_eq!(before.len(), front);
                        model.drain(..front);
                    }
                }
                Op::Range(start, end) => {
                    let start = start % (model.len() + 1);
                    let end = start + end % (model.len() + 1 - start);
                    let expected = || model.range(start..end).map(Vec::as_slice);
                    prop_assert!(list.range(start..end).eq(expected()));
                    prop_assert!(list.range(start..end).rev().eq(expected().rev()));
                    let mut both = list.range(start..end);
                    let mut model_both = expected();
                    while both.len() > 0 {
                        prop_assert_eq!(both.next(), model_both.next());
                        prop_assert_eq!(both.next_back(), model_both.next_back());
                    }
                }
            }
            prop_assert_eq!(list.len(), model.len());
            prop_assert!(list.iter().eq(model.iter().map(Vec::as_slice)));
            for index in 0..=model.len() {
                prop_assert_eq!(list.get(index), model.get(index).map(Vec::as_slice));
            }
            prop_assert!(list.nodes.iter().all(|node| node.len() > 0));
            prop_assert_eq!(list.nodes_heap, list.nodes.iter().map(Node::heap_size).sum::<usize>());
        }
    }
}
