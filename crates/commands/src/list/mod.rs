//! Lists: LPUSH, LRANGE, BLPOP and their kin.

mod blocking;
mod change;
mod moving;
mod pop;
mod position;
mod push;
mod read;

#[cfg(test)]
mod tests;

use keyspace::Event;
use types::list::End;

use crate::argument::is_word;
use crate::record::{Command, Deprecation, Group, Handler, KeySpec, category, flag, key_flag};
use crate::syntax::Argument;

/// The end of a list that `LEFT` or `RIGHT` stands for.
fn end_of_word(word: &[u8]) -> Option<End> {
    if is_word(word, "left") {
        Some(End::Front)
    } else if is_word(word, "right") {
        Some(End::Back)
    } else {
        None
    }
}

/// What subscribers hear when elements were added at an end.
fn push_event(end: End) -> Event {
    Event::list(match end {
        End::Front => "lpush",
        End::Back => "rpush",
    })
}

/// What subscribers hear when elements were taken from an end.
fn pop_event(end: End) -> Event {
    Event::list(match end {
        End::Front => "lpop",
        End::Back => "rpop",
    })
}

/// An index as clients give it, negative ones counting from the tail, in a list of `length` elements.
fn element_index(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 {
        index.checked_add(length as i64)?
    } else {
        index
    };
    usize::try_from(index).ok().filter(|&index| index < length)
}

/// The family's commands.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "blmove",
        arity: 6,
        flags: flag::WRITE | flag::DENYOOM | flag::NOSCRIPT | flag::BLOCKING,
        categories: category::LIST,
        keys: &[
            KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
            KeySpec::one(2, key_flag::RW | key_flag::INSERT),
        ],
        group: Group::List,
        since: "6.2.0",
        summary: "Moves an element from an end of a list to an end of another; waits for one if the list is empty.",
        complexity: "O(1)",
        handler: Handler::Data(blocking::blmove),
        arguments: &[
            Argument::key("source", 0),
            Argument::key("destination", 1),
            Argument::one_of(
                "wherefrom",
                &[
                    Argument::word("left", "LEFT"),
                    Argument::word("right", "RIGHT"),
                ],
            ),
            Argument::one_of(
                "whereto",
                &[
                    Argument::word("left", "LEFT"),
                    Argument::word("right", "RIGHT"),
                ],
            ),
            Argument::double("timeout"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "blmpop",
        arity: -5,
        flags: flag::WRITE | flag::BLOCKING | flag::MOVABLE_KEYS,
        categories: category::LIST,
        keys: &[KeySpec::counted(
            2,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::List,
        since: "7.0.0",
        summary: "Removes elements from the first of several lists that has any; waits for one if all are empty.",
        complexity: "O(N+M), N being the number of keys and M the number of elements returned",
        handler: Handler::Data(blocking::blmpop),
        arguments: &[
            Argument::double("timeout"),
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::one_of(
                "where",
                &[
                    Argument::word("left", "LEFT"),
                    Argument::word("right", "RIGHT"),
                ],
            ),
            Argument::integer("count").after("COUNT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "blpop",
        arity: -3,
        flags: flag::WRITE | flag::NOSCRIPT | flag::BLOCKING,
        categories: category::LIST,
        keys: &[KeySpec::range(
            1,
            -2,
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::List,
        since: "2.0.0",
        summary: "Removes the first element of the first of several lists that has any; waits for one if all are empty.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(blocking::blpop),
        arguments: &[
            Argument::key("key", 0).repeated(),
            Argument::double("timeout"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "brpop",
        arity: -3,
        flags: flag::WRITE | flag::NOSCRIPT | flag::BLOCKING,
        categories: category::LIST,
        keys: &[KeySpec::range(
            1,
            -2,
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::List,
        since: "2.0.0",
        summary: "Removes the last element of the first of several lists that has any; waits for one if all are empty.",
        complexity: "O(N), N being the number of keys",
        handler: Handler::Data(blocking::brpop),
        arguments: &[
            Argument::key("key", 0).repeated(),
            Argument::double("timeout"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "brpoplpush",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM | flag::NOSCRIPT | flag::BLOCKING,
        categories: category::LIST,
        keys: &[
            KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
            KeySpec::one(2, key_flag::RW | key_flag::INSERT),
        ],
        group: Group::List,
        since: "2.2.0",
        summary: "Moves the last element of a list to the head of another; waits for one if the list is empty.",
        complexity: "O(1)",
        handler: Handler::Data(blocking::brpoplpush),
        arguments: &[
            Argument::key("source", 0),
            Argument::key("destination", 1),
            Argument::double("timeout"),
        ],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "lindex",
        arity: 3,
        flags: flag::READONLY,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the element at an index of a list.",
        complexity: "O(N), N being the number of elements between the index and the nearer end",
        handler: Handler::Data(read::lindex),
        arguments: &[Argument::key("key", 0), Argument::integer("index")],
        ..Command::EMPTY
    },
    Command {
        name: "linsert",
        arity: 5,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::List,
        since: "2.2.0",
        summary: "Inserts an element before or after another element of a list.",
        complexity: "O(N), N being the number of elements in front of the other one; O(1) next to the head",
        handler: Handler::Data(change::linsert),
        arguments: &[
            Argument::key("key", 0),
            Argument::one_of(
                "where",
                &[
                    Argument::word("before", "BEFORE"),
                    Argument::word("after", "AFTER"),
                ],
            ),
            Argument::string("pivot"),
            Argument::string("element"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "llen",
        arity: 2,
        flags: flag::READONLY | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RO)],
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the length of a list.",
        complexity: "O(1)",
        handler: Handler::Data(read::llen),
        arguments: &[Argument::key("key", 0)],
        ..Command::EMPTY
    },
    Command {
        name: "lmove",
        arity: 5,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::LIST,
        keys: &[
            KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
            KeySpec::one(2, key_flag::RW | key_flag::INSERT),
        ],
        group: Group::List,
        since: "6.2.0",
        summary: "Takes an element from an end of a list and adds it at an end of another, or of the same, and returns it.",
        complexity: "O(1)",
        handler: Handler::Data(moving::lmove),
        arguments: &[
            Argument::key("source", 0),
            Argument::key("destination", 1),
            Argument::one_of(
                "wherefrom",
                &[
                    Argument::word("left", "LEFT"),
                    Argument::word("right", "RIGHT"),
                ],
            ),
            Argument::one_of(
                "whereto",
                &[
                    Argument::word("left", "LEFT"),
                    Argument::word("right", "RIGHT"),
                ],
            ),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lmpop",
        arity: -4,
        flags: flag::WRITE | flag::MOVABLE_KEYS,
        categories: category::LIST,
        keys: &[KeySpec::counted(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::List,
        since: "7.0.0",
        summary: "Removes elements from the first of several lists that has any, and returns them.",
        complexity: "O(N+M), N being the number of keys and M the number of elements returned",
        handler: Handler::Data(pop::lmpop),
        arguments: &[
            Argument::integer("numkeys"),
            Argument::key("key", 0).repeated(),
            Argument::one_of(
                "where",
                &[
                    Argument::word("left", "LEFT"),
                    Argument::word("right", "RIGHT"),
                ],
            ),
            Argument::integer("count").after("COUNT").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lpop",
        arity: -2,
        flags: flag::WRITE | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::List,
        since: "1.0.0",
        summary: "Removes elements from the head of a list and returns them.",
        complexity: "O(N), N being the number of elements returned",
        handler: Handler::Data(pop::lpop),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("count").since("6.2.0").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lpos",
        arity: -3,
        flags: flag::READONLY,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::List,
        since: "6.0.6",
        summary: "Returns the indexes of elements of a list that equal a value.",
        complexity: "O(N), N being the length of the list, or MAXLEN if that is less",
        handler: Handler::Data(position::lpos),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("element"),
            Argument::integer("rank").after("RANK").optional(),
            Argument::integer("num-matches").after("COUNT").optional(),
            Argument::integer("len").after("MAXLEN").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lpush",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::List,
        since: "1.0.0",
        summary: "Adds elements at the head of a list, one by one; a missing key starts empty.",
        complexity: "O(1) for each element",
        handler: Handler::Data(push::lpush),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("element").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lpushx",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::List,
        since: "2.2.0",
        summary: "Adds elements at the head of a list that exists already.",
        complexity: "O(1) for each element",
        handler: Handler::Data(push::lpushx),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("element").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lrange",
        arity: 4,
        flags: flag::READONLY,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RO | key_flag::ACCESS)],
        group: Group::List,
        since: "1.0.0",
        summary: "Returns the elements of a list between two indexes.",
        complexity: "O(S+N), S being the distance of the first element from the nearer end and N the number of elements returned",
        handler: Handler::Data(read::lrange),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("start"),
            Argument::integer("stop"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lrem",
        arity: 4,
        flags: flag::WRITE,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::List,
        since: "1.0.0",
        summary: "Removes elements that equal a value from a list, counted from either end.",
        complexity: "O(N+M), N being the length of the list and M the number of elements removed",
        handler: Handler::Data(change::lrem),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("count"),
            Argument::string("element"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "lset",
        arity: 4,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::UPDATE)],
        group: Group::List,
        since: "1.0.0",
        summary: "Replaces the element at an index of a list.",
        complexity: "O(N), N being the number of elements between the index and the nearer end",
        handler: Handler::Data(change::lset),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("index"),
            Argument::string("element"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "ltrim",
        arity: 4,
        flags: flag::WRITE,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::DELETE)],
        group: Group::List,
        since: "1.0.0",
        summary: "Keeps the elements of a list between two indexes and removes all others.",
        complexity: "O(N), N being the number of elements removed",
        handler: Handler::Data(change::ltrim),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("start"),
            Argument::integer("stop"),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "rpop",
        arity: -2,
        flags: flag::WRITE | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(
            1,
            key_flag::RW | key_flag::ACCESS | key_flag::DELETE,
        )],
        group: Group::List,
        since: "1.0.0",
        summary: "Removes elements from the tail of a list and returns them.",
        complexity: "O(N), N being the number of elements returned",
        handler: Handler::Data(pop::rpop),
        arguments: &[
            Argument::key("key", 0),
            Argument::integer("count").since("6.2.0").optional(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "rpoplpush",
        arity: 3,
        flags: flag::WRITE | flag::DENYOOM,
        categories: category::LIST,
        keys: &[
            KeySpec::one(1, key_flag::RW | key_flag::ACCESS | key_flag::DELETE),
            KeySpec::one(2, key_flag::RW | key_flag::INSERT),
        ],
        group: Group::List,
        since: "1.2.0",
        summary: "Takes the last element of a list, adds it at the head of another, and returns it.",
        complexity: "O(1)",
        handler: Handler::Data(moving::rpoplpush),
        arguments: &[Argument::key("source", 0), Argument::key("destination", 1)],
        deprecated: Some(Deprecation {
            since: "6.2.0",
            replaced_by: "`LMOVE` with the `RIGHT` and `LEFT` arguments",
        }),
        ..Command::EMPTY
    },
    Command {
        name: "rpush",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::List,
        since: "1.0.0",
        summary: "Adds elements at the tail of a list, one by one; a missing key starts empty.",
        complexity: "O(1) for each element",
        handler: Handler::Data(push::rpush),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("element").repeated(),
        ],
        ..Command::EMPTY
    },
    Command {
        name: "rpushx",
        arity: -3,
        flags: flag::WRITE | flag::DENYOOM | flag::FAST,
        categories: category::LIST,
        keys: &[KeySpec::one(1, key_flag::RW | key_flag::INSERT)],
        group: Group::List,
        since: "2.2.0",
        summary: "Adds elements at the tail of a list that exists already.",
        complexity: "O(1) for each element",
        handler: Handler::Data(push::rpushx),
        arguments: &[
            Argument::key("key", 0),
            Argument::string("element").repeated(),
        ],
        ..Command::EMPTY
    },
];
