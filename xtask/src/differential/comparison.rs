//! How two replies are held against each other.

use crate::wire::Reply;

/// What counts as the same reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The same bytes.
    Exact,
    /// The same bytes once the items of every array are sorted: for replies whose order is unspecified.
    Unordered,
    /// As `Unordered`, but two neighbours belong together: fields and their values.
    UnorderedPairs,
    /// The same types and array lengths, whatever the texts: for random picks, times and ids.
    Shape,
    /// The same once each run of digits is one mark: for texts with times, ids and sizes.
    Digits,
    /// Only the first word of an error, or the whole reply when it is none.
    ErrorCode,
    /// The same type of reply: for texts that are each server's own, as HELP.
    Kind,
}

/// The part of a reply that `comparison` looks at.
pub fn normalise(reply: &Reply, comparison: Comparison) -> Reply {
    let mut reply = reply.clone();
    match comparison {
        Comparison::Exact => {}
        Comparison::Unordered => sort_items(&mut reply),
        Comparison::UnorderedPairs => sort_pairs(&mut reply),
        Comparison::Shape => each_text(&mut reply, &|text| text.clear()),
        Comparison::Digits => each_text(&mut reply, &mask_digits),
        Comparison::ErrorCode if reply.is_error() => each_text(&mut reply, &|text| {
            let word = text
                .iter()
                .position(|byte| *byte == b' ')
                .unwrap_or(text.len());
            text.truncate(word);
        }),
        Comparison::ErrorCode => {}
        Comparison::Kind => match &mut reply {
            Reply::Items { items, .. } => *items = items.take().map(|_| Vec::new()),
            Reply::Line { text, .. } => text.clear(),
            Reply::Bulk { text, .. } => *text = text.take().map(|_| Vec::new()),
        },
    }
    reply
}

fn sort_items(reply: &mut Reply) {
    if let Reply::Items {
        items: Some(items), ..
    } = reply
    {
        items.iter_mut().for_each(sort_items);
        items.sort();
    }
}

fn sort_pairs(reply: &mut Reply) {
    let Reply::Items {
        items: Some(items), ..
    } = reply
    else {
        return;
    };
    // RESP3 nests each pair in an array of its own.
    if items.iter().all(|item| matches!(item, Reply::Items { .. })) {
        items.sort();
        return;
    }
    // SCAN replies hold their pairs one level down, after the cursor.
    if items.iter().any(|item| matches!(item, Reply::Items { .. })) {
        items.iter_mut().for_each(sort_pairs);
        return;
    }
    let mut pairs: Vec<Vec<Reply>> = items.chunks(2).map(<[Reply]>::to_vec).collect();
    pairs.sort();
    *items = pairs.concat();
}

fn each_text(reply: &mut Reply, change: &dyn Fn(&mut Vec<u8>)) {
    match reply {
        Reply::Line { text, .. } => change(text),
        Reply::Bulk {
            text: Some(text), ..
        } => change(text),
        Reply::Items {
            items: Some(items), ..
        } => items.iter_mut().for_each(|item| each_text(item, change)),
        Reply::Bulk { text: None, .. } | Reply::Items { items: None, .. } => {}
    }
}

fn mask_digits(text: &mut Vec<u8>) {
    let mut masked = Vec::with_capacity(text.len());
    for &byte in text.iter() {
        if !byte.is_ascii_digit() {
            masked.push(byte);
        } else if masked.last() != Some(&b'N') {
            masked.push(b'N');
        }
    }
    *text = masked;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulks(words: &[&str]) -> Reply {
        let item = |word: &&str| Reply::Bulk {
            kind: b'$',
            text: Some(word.as_bytes().to_vec()),
        };
        Reply::Items {
            kind: b'*',
            items: Some(words.iter().map(item).collect()),
        }
    }

    fn same(left: &[&str], right: &[&str], comparison: Comparison) -> bool {
        normalise(&bulks(left), comparison) == normalise(&bulks(right), comparison)
    }

    #[test]
    fn order_counts_only_where_it_is_specified() {
        assert!(!same(&["a", "b"], &["b", "a"], Comparison::Exact));
        assert!(same(&["a", "b"], &["b", "a"], Comparison::Unordered));
        assert!(same(
            &["a", "1", "b", "2"],
            &["b", "2", "a", "1"],
            Comparison::UnorderedPairs
        ));
        assert!(!same(
            &["a", "1", "b", "2"],
            &["b", "1", "a", "2"],
            Comparison::UnorderedPairs
        ));
    }

    #[test]
    fn masks_hide_only_what_they_name() {
        assert!(same(&["age=10 n"], &["age=7 n"], Comparison::Digits));
        assert!(!same(&["age=10 n"], &["age= n"], Comparison::Digits));
        assert!(same(&["x"], &["y"], Comparison::Shape));
        assert!(!same(&["x"], &["x", "y"], Comparison::Shape));
    }
}
