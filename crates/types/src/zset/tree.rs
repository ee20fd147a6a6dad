//! The score order of a big sorted set: a B+tree addressed by rank.
//!
//! Every inner node knows how many entries each child has, so the entry at a rank, and the rank at
//! which an ordered predicate turns false, are found in logarithmic time. The tree holds scores and
//! handles and knows nothing of members: its owner finds the rank where an entry belongs with
//! [`Tree::partition_point`] and then inserts there.
//!
//! Nodes that fill up at one end are split there and not in the middle, so that a set filled in the
//! order of its scores (timestamps, mostly) has full nodes: 12 bytes per entry, else about 17.

/// Most entries of a leaf.
const LEAF: usize = 64;

/// Most children of an inner node.
const FANOUT: usize = 64;

/// A score and the handle of the member that has it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Scored {
    pub score: f64,
    pub handle: u32,
}

/// Scored handles in an order their owner decides.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: Node,
    heap: usize,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Box<Leaf>),
    Inner(Vec<Child>),
}

/// Scores and handles stand in arrays of their own, so that no bytes are lost to alignment.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    len: u8,
    scores: [f64; LEAF],
    handles: [u32; LEAF],
}

#[derive(Clone, Debug)]
struct Child {
    node: Node,
    /// The first entry below `node`.
    first: Scored,
    /// Number of entries below `node`.
    count: usize,
}

impl Tree {
    pub fn new() -> Self {
        Self {
            root: Node::Leaf(Box::new(Leaf::new())),
            heap: size_of::<Leaf>(),
        }
    }

    pub fn heap_size(&self) -> usize {
        self.heap
    }

    /// The entry at `rank`, which is below the length.
    pub fn get(&self, rank: usize) -> Scored {
        let (leaf, position) = self.locate(rank);
        leaf.get(position)
    }

    /// The number of entries for which `is_before` holds; it must hold for none behind one it does
    /// not hold for.
    pub fn partition_point(&self, mut is_before: impl FnMut(Scored) -> bool) -> usize {
        let mut node = &self.root;
        let mut rank = 0;
        loop {
            match node {
                Node::Leaf(leaf) => return rank + leaf.partition_point(is_before),
                Node::Inner(children) => {
                    let number = children.partition_point(|child| is_before(child.first));
                    // The turn is in the last child whose first entry still is before it.
                    let number = number.saturating_sub(1);
                    rank += children[..number]
                        .iter()
                        .map(|child| child.count)
                        .sum::<usize>();
                    node = &children[number].node;
                }
            }
        }
    }

    /// Inserts an entry so that it gets `rank`, which is at most the length.
    pub fn insert(&mut self, rank: usize, entry: Scored) {
        if let Some(right) = self.root.insert(rank, entry, &mut self.heap) {
            let left = std::mem::replace(&mut self.root, Node::Inner(new_children(&mut self.heap)));
            if let Node::Inner(children) = &mut self.root {
                children.push(Child::new(left));
                children.push(Child::new(right));
            }
        }
    }

    /// Removes and returns the entry at `rank`, which is below the length.
    pub fn remove(&mut self, rank: usize) -> Scored {
        let entry = self.root.remove(rank, &mut self.heap);
        while let Node::Inner(children) = &mut self.root
            && children.len() <= 1
        {
            self.heap -= CHILDREN_SIZE;
            self.root = match children.pop() {
                Some(child) => child.node,
                None => {
                    self.heap += size_of::<Leaf>();
                    Node::Leaf(Box::new(Leaf::new()))
                }
            };
        }
        entry
    }

    /// Replaces the entry at `rank` by one that belongs at the same rank.
    pub fn replace(&mut self, rank: usize, entry: Scored) {
        self.root.replace(rank, entry);
    }

    /// The leaf that holds `rank`, and the position in it.
    pub fn locate(&self, mut rank: usize) -> (&Leaf, usize) {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return (leaf, rank),
                Node::Inner(children) => {
                    let number = child_of(children, &mut rank, false);
                    node = &children[number].node;
                }
            }
        }
    }
}

/// Heap bytes of an inner node.
const CHILDREN_SIZE: usize = FANOUT * size_of::<Child>();

fn new_children(heap: &mut usize) -> Vec<Child> {
    *heap += CHILDREN_SIZE;
    Vec::with_capacity(FANOUT)
}

/// The child that holds `rank`, which becomes the rank inside that child. With `or_end`, the end of
/// a child counts as in it.
fn child_of(children: &[Child], rank: &mut usize, or_end: bool) -> usize {
    for (number, child) in children.iter().enumerate() {
        if *rank < child.count || (or_end && *rank == child.count) {
            return number;
        }
        *rank -= child.count;
    }
    unreachable!("a rank is never above the number of entries")
}

impl Node {
    /// Entries of a leaf, children of an inner node.
    fn width(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.len(),
            Self::Inner(children) => children.len(),
        }
    }

    fn width_max(&self) -> usize {
        match self {
            Self::Leaf(_) => LEAF,
            Self::Inner(_) => FANOUT,
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.len(),
            Self::Inner(children) => children.iter().map(|child| child.count).sum(),
        }
    }

    fn first(&self) -> Scored {
        match self {
            Self::Leaf(leaf) => leaf.get(0),
            Self::Inner(children) => children[0].first,
        }
    }

    /// Returns the right half if the node had to be split.
    fn insert(&mut self, rank: usize, entry: Scored, heap: &mut usize) -> Option<Node> {
        match self {
            Self::Leaf(leaf) if leaf.len() < LEAF => {
                leaf.insert(rank, entry);
                None
            }
            Self::Leaf(leaf) => {
                *heap += size_of::<Leaf>();
                let middle = split_point(rank, LEAF);
                let mut right = Box::new(leaf.split_off(middle));
                if rank > middle || middle == LEAF {
                    right.insert(rank - middle, entry);
                } else {
                    leaf.insert(rank, entry);
                }
                Some(Self::Leaf(right))
            }
            Self::Inner(children) => {
                let mut rank = rank;
                let number = child_of(children, &mut rank, true);
                let child = &mut children[number];
                let Some(split) = child.node.insert(rank, entry, heap) else {
                    child.count += 1;
                    child.first = child.node.first();
                    return None;
                };
                child.refresh();
                let new = Child::new(split);
                let number = number + 1;
                if children.len() < FANOUT {
                    children.insert(number, new);
                    return None;
                }
                let middle = split_point(number, FANOUT);
                let mut right = new_children(heap);
                right.extend(children.drain(middle..));
                if number > middle || middle == FANOUT {
                    right.insert(number - middle, new);
                } else {
                    children.insert(number, new);
                }
                Some(Self::Inner(right))
            }
        }
    }

    fn remove(&mut self, rank: usize, heap: &mut usize) -> Scored {
        let children = match self {
            Self::Leaf(leaf) => return leaf.remove(rank),
            Self::Inner(children) => children,
        };
        let mut rank = rank;
        let number = child_of(children, &mut rank, false);
        let child = &mut children[number];
        let entry = child.node.remove(rank, heap);
        if child.node.width() == 0 {
            children.remove(number).node.release(heap);
            return entry;
        }
        child.count -= 1;
        child.first = child.node.first();
        let width = child.node.width();
        let width_max = child.node.width_max();
        if width < width_max / 4 {
            // Merging only into three quarters keeps the next insertion from splitting again.
            let fits = |other: Option<&Child>| {
                other.is_some_and(|other| other.node.width() + width <= width_max * 3 / 4)
            };
            if number > 0 && fits(children.get(number - 1)) {
                merge(children, number - 1, heap);
            } else if fits(children.get(number + 1)) {
                merge(children, number, heap);
            }
        }
        entry
    }

    fn replace(&mut self, rank: usize, entry: Scored) {
        match self {
            Self::Leaf(leaf) => leaf.set(rank, entry),
            Self::Inner(children) => {
                let mut rank = rank;
                let number = child_of(children, &mut rank, false);
                children[number].node.replace(rank, entry);
                children[number].first = children[number].node.first();
            }
        }
    }

    /// Takes the memory of a node that goes away off the account.
    fn release(self, heap: &mut usize) {
        *heap -= match self {
            Self::Leaf(_) => size_of::<Leaf>(),
            Self::Inner(_) => CHILDREN_SIZE,
        };
    }
}

/// Where a full node is split for an insertion at `position`: at the end where it happens, else in
/// the middle.
fn split_point(position: usize, width: usize) -> usize {
    match position {
        0 => 0,
        _ if position == width => width,
        _ => width / 2,
    }
}

/// Moves everything from the child behind `number` into the child at `number`.
fn merge(children: &mut Vec<Child>, number: usize, heap: &mut usize) {
    let right = children.remove(number + 1);
    let left = &mut children[number];
    match (&mut left.node, right.node) {
        (Node::Leaf(left), Node::Leaf(right)) => {
            left.extend(&right);
            *heap -= size_of::<Leaf>();
        }
        (Node::Inner(left), Node::Inner(mut right)) => {
            left.append(&mut right);
            *heap -= CHILDREN_SIZE;
        }
        _ => unreachable!("all leaves are equally deep"),
    }
    left.refresh();
}

impl Child {
    fn new(node: Node) -> Self {
        Self {
            first: node.first(),
            count: node.count(),
            node,
        }
    }

    fn refresh(&mut self) {
        self.first = self.node.first();
        self.count = self.node.count();
    }
}

impl Leaf {
    fn new() -> Self {
        Self {
            len: 0,
            scores: [0.0; LEAF],
            handles: [0; LEAF],
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    #[inline]
    pub fn get(&self, position: usize) -> Scored {
        Scored {
            score: self.scores[position],
            handle: self.handles[position],
        }
    }

    fn set(&mut self, position: usize, entry: Scored) {
        self.scores[position] = entry.score;
        self.handles[position] = entry.handle;
    }

    fn insert(&mut self, position: usize, entry: Scored) {
        let len = self.len();
        self.scores.copy_within(position..len, position + 1);
        self.handles.copy_within(position..len, position + 1);
        self.set(position, entry);
        self.len += 1;
    }

    fn remove(&mut self, position: usize) -> Scored {
        let entry = self.get(position);
        let len = self.len();
        self.scores.copy_within(position + 1..len, position);
        self.handles.copy_within(position + 1..len, position);
        self.len -= 1;
        entry
    }

    fn split_off(&mut self, position: usize) -> Self {
        let mut right = Self::new();
        right.extend_from(self, position);
        self.len = position as u8;
        right
    }

    fn extend(&mut self, other: &Self) {
        self.extend_from(other, 0);
    }

    fn extend_from(&mut self, other: &Self, start: usize) {
        let (len, end) = (self.len(), other.len());
        let new_len = len + end - start;
        self.scores[len..new_len].copy_from_slice(&other.scores[start..end]);
        self.handles[len..new_len].copy_from_slice(&other.handles[start..end]);
        self.len = new_len as u8;
    }

    fn partition_point(&self, mut is_before: impl FnMut(Scored) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            if is_before(self.get(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_node(node: &Node) -> (usize, usize) {
        match node {
            Node::Leaf(_) => (1, size_of::<Leaf>()),
            Node::Inner(children) => {
                let mut heap = CHILDREN_SIZE;
                let mut depths = Vec::new();
                for child in children {
                    assert_eq!(child.count, child.node.count());
                    assert_eq!(child.first, child.node.first());
                    assert!(child.count > 0);
                    let (depth, below) = check_node(&child.node);
                    depths.push(depth);
                    heap += below;
                }
                assert!(depths.iter().all(|&depth| depth == depths[0]));
                (depths[0] + 1, heap)
            }
        }
    }

    fn check(tree: &Tree, model: &[u32]) {
        assert_eq!(tree.root.count(), model.len());
        assert_eq!(check_node(&tree.root).1, tree.heap_size());
        assert!((0..model.len()).all(|rank| tree.get(rank).handle == model[rank]));
    }

    fn entry(handle: u32) -> Scored {
        Scored {
            score: f64::from(handle),
            handle,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn behaves_like_a_vector(
            runs in prop::collection::vec((0u8..5, any::<usize>(), 1usize..1_500), 1..12),
        ) {
            let mut tree = Tree::new();
            let mut model: Vec<u32> = Vec::new();
            let mut handle = 0;
            for (kind, at, count) in runs {
                for step in 0..count {
                    // A run goes on at one place, or jumps about.
                    let at = if kind == 4 { at.wrapping_mul(step | 1) >> 3 } else { at };
                    match kind {
                        0 | 1 | 4 => {
                            handle += 1;
                            let rank = at % (model.len() + 1) + usize::from(kind);
                            let rank = rank.min(model.len());
                            tree.insert(rank, entry(handle));
                            model.insert(rank, handle);
                        }
                        2 if !model.is_empty() => {
                            let rank = at % model.len();
                            prop_assert_eq!(tree.remove(rank).handle, model.remove(rank));
                        }
                        3 if !model.is_empty() => {
                            let rank = (at + step) % model.len();
                            handle += 1;
                            tree.replace(rank, entry(handle));
                            model[rank] = handle;
                        }
                        _ => {}
                    }
                }
                check(&tree, &model);
            }
            while !model.is_empty() {
                let rank = model.len() * 2 / 3;
                prop_assert_eq!(tree.remove(rank).handle, model.remove(rank));
            }
            check(&tree, &model);
        }

        #[test]
        fn finds_where_an_order_turns(count in 0u32..6_000, turn in 0u32..6_000) {
            let mut tree = Tree::new();
            for handle in 0..count {
                tree.insert(handle as usize, entry(handle));
            }
            let rank = tree.partition_point(|entry| entry.handle < turn);
            prop_assert_eq!(rank, turn.min(count) as usize);
            // In ascending order leaves are full.
            let leaves = count as usize / LEAF + 1;
            let heap_max = leaves * (size_of::<Leaf>() + size_of::<Child>()) + 3 * CHILDREN_SIZE;
            prop_assert!(tree.heap_size() <= heap_max);
        }
    }
}
