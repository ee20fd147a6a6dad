//! What is known of a command, as data: the table drives dispatch, key planning, COMMAND and ACL.

use crate::context::Context;
use crate::error::CommandResult;
use crate::keys::{InvalidKeys, KeyPositions};
use crate::syntax::Argument;

/// A command or subcommand.
#[derive(Debug)]
pub struct Command {
    /// Lower case; a subcommand's own word (`get` of `config|get`).
    pub name: &'static str,
    /// Exact number of arguments with the name, or, negative, the least number.
    pub arity: i32,
    /// Arguments it takes beyond what `arity` says: extensions, which COMMAND does not show.
    pub extra_arguments: u8,
    /// [`flag`] bits.
    pub flags: u64,
    /// ACL categories beside those that follow from the flags: [`category`] bits.
    pub categories: u64,
    /// Where its keys are.
    pub keys: &'static [KeySpec],
    /// Which locks it needs beyond those of its keys.
    pub locks: Locks,
    /// Hints for clients and proxies (<https://redis.io/docs/latest/develop/reference/command-tips/>).
    pub tips: &'static [&'static str],
    /// The group of its documentation page.
    pub group: Group,
    /// The Redis version that brought it.
    pub since: &'static str,
    /// One line: what it does.
    pub summary: &'static str,
    /// Its time, in big-O words; empty where Redis says nothing of it.
    pub complexity: &'static str,
    /// Its subcommands, if it is a container.
    pub subcommands: &'static [Command],
    /// What arguments it takes, beside its name.
    pub arguments: &'static [Argument],
    /// What to use instead, if it is only there for old clients.
    pub deprecated: Option<Deprecation>,
    /// Meant for tests and for other servers, not for applications.
    pub internal: bool,
    /// Finds the keys of a call where the key specs cannot tell all, or not how they are used.
    pub key_finder: Option<KeyFinder>,
    /// Who runs it.
    pub handler: Handler,
}

/// Finds the keys of a call; the arguments fit the command's arity.
pub type KeyFinder = fn(&[&[u8]]) -> Result<KeyPositions, InvalidKeys>;

/// That a command should not be used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// The Redis version that said so.
    pub since: &'static str,
    /// What replaces it, in Markdown.
    pub replaced_by: &'static str,
}

impl Command {
    /// The record to fill up from: `Command { name: "get", …, ..Command::EMPTY }`.
    pub const EMPTY: Command = Command {
        name: "",
        arity: 1,
        extra_arguments: 0,
        flags: 0,
        categories: 0,
        keys: &[],
        locks: Locks::Keys,
        tips: &[],
        group: Group::Generic,
        since: "1.0.0",
        summary: "",
        complexity: "O(1)",
        subcommands: &[],
        arguments: &[],
        deprecated: None,
        internal: false,
        key_finder: None,
        handler: Handler::Server,
    };

    /// Whether `count` arguments, the name among them, fit.
    pub fn arity_fits(&self, count: usize) -> bool {
        let count = count as i64;
        let arity = i64::from(self.arity);
        if arity >= 0 {
            (arity..=arity + i64::from(self.extra_arguments)).contains(&count)
        } else {
            count >= -arity
        }
    }

    /// Whether all of these [`flag`] bits are set.
    pub fn has(&self, flags: u64) -> bool {
        self.flags & flags == flags
    }

    /// All ACL categories: those named and those that follow from the flags.
    pub fn all_categories(&self) -> u64 {
        let mut categories = self.categories;
        if self.has(flag::WRITE) {
            categories |= category::WRITE;
        }
        // Scripts read and write, but are in neither class by themselves.
        if self.has(flag::READONLY) && categories & category::SCRIPTING == 0 {
            categories |= category::READ;
        }
        if self.has(flag::ADMIN) {
            categories |= category::ADMIN | category::DANGEROUS;
        }
        if self.has(flag::PUBSUB) {
            categories |= category::PUBSUB;
        }
        if self.has(flag::FAST) {
            categories |= category::FAST;
        } else {
            categories |= category::SLOW;
        }
        if self.has(flag::BLOCKING) {
            categories |= category::BLOCKING;
        }
        categories
    }
}

/// Who runs a command.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// A handler here, on data alone.
    Data(fn(&mut Context<'_, '_>) -> CommandResult),
    /// The server, which binds its own handlers by the command's name.
    Server,
    /// Nobody: it has subcommands, one of which must be named.
    Container,
}

/// Which locks a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// Those of its keys.
    Keys,
    /// All: it works on whole databases, or on keys its arguments do not tell.
    All,
    /// None, although it has keys: it takes locks by itself.
    None,
}

/// Where keys are among the arguments (<https://redis.io/docs/latest/develop/reference/key-specs/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// [`key_flag`] bits.
    pub flags: u32,
    /// Where the search begins.
    pub begin: BeginSearch,
    /// How keys are found from there.
    pub find: FindKeys,
}

/// Where the search for keys begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginSearch {
    /// At an argument's index; the name is 0.
    Index(usize),
    /// After a keyword, looked for from an index (negative: backwards from the end).
    Keyword(&'static str, i32),
    /// Nothing that data can say.
    Unknown,
}

/// How keys are found from where the search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindKeys {
    /// Up to `last` (relative to the first; negative: from the end, -1 is the last argument), each `step`th. With a
    /// `limit` above 1 and `last` -1 only the first 1/limit of the rest are keys.
    Range {
        /// Index of the last key relative to the first, or negative from the end.
        last: i32,
        /// Distance between keys.
        step: usize,
        /// Divider of the rest, 0 or 1 for none.
        limit: usize,
    },
    /// A count of keys at `count` and the keys from `first` on, both relative to the beginning.
    Counted {
        /// Index of the count.
        count: usize,
        /// Index of the first key.
        first: usize,
        /// Distance between keys.
        step: usize,
    },
    /// Nothing that data can say.
    Unknown,
}

impl KeySpec {
    /// One key at an index.
    pub const fn one(index: usize, flags: u32) -> KeySpec {
        KeySpec::range(index, 0, 1, flags)
    }
    /// Keys from an index to `last` (relative to the first, or negative from the end).
    pub const fn range(index: usize, last: i32, step: usize, flags: u32) -> KeySpec {
        KeySpec {
            flags,
            begin: BeginSearch::Index(index),
            find: FindKeys::Range {
                last,
                step,
                limit: 0,
            },
        }
    }
    /// Keys that no rule finds.
    pub const fn unknown(flags: u32) -> KeySpec {
        KeySpec {
            flags,
            begin: BeginSearch::Unknown,
            find: FindKeys::Unknown,
        }
    }
    /// As many keys as the argument at `index` says, right after it.
    pub const fn counted(index: usize, flags: u32) -> KeySpec {
        KeySpec {
            flags,
            begin: BeginSearch::Index(index),
            find: FindKeys::Counted {
                count: 0,
                first: 1,
                step: 1,
            },
        }
    }
}

/// Command flags, as COMMAND INFO names them.
pub mod flag {
    macro_rules! flags {
        ($($bit:expr, $constant:ident, $name:literal, $doc:literal;)*) => {
            $(#[doc = $doc] pub const $constant: u64 = 1 << $bit;)*
            /// Each flag with its name, in COMMAND INFO's order.
            pub const NAMES: &[(u64, &str)] = &[$(($constant, $name)),*];
        };
    }
    flags! {
        0, WRITE, "write", "May change data.";
        1, READONLY, "readonly", "Only reads data.";
        2, DENYOOM, "denyoom", "Refused when memory is short.";
        3, MODULE, "module", "Comes from a module.";
        4, ADMIN, "admin", "For operators.";
        5, PUBSUB, "pubsub", "Publish and subscribe.";
        6, NOSCRIPT, "noscript", "Refused in scripts.";
        7, BLOCKING, "blocking", "May wait.";
        8, LOADING, "loading", "Allowed while data is loaded.";
        9, STALE, "stale", "Allowed on a replica with stale data.";
        10, SKIP_MONITOR, "skip_monitor", "Not shown by MONITOR.";
        11, SKIP_SLOWLOG, "skip_slowlog", "Not kept by SLOWLOG.";
        12, ASKING, "asking", "Takes part in slot migration.";
        13, FAST, "fast", "Constant or logarithmic time.";
        14, NO_AUTH, "no_auth", "Allowed before authentication.";
        15, MAY_REPLICATE, "may_replicate", "May be sent to replicas although it writes no data.";
        16, NO_MANDATORY_KEYS, "no_mandatory_keys", "May come without keys.";
        17, NO_ASYNC_LOADING, "no_async_loading", "Refused during asynchronous loading.";
        18, NO_MULTI, "no_multi", "Refused in MULTI.";
        19, MOVABLE_KEYS, "movablekeys", "Its keys cannot be told from first, last and step.";
        20, ALLOW_BUSY, "allow_busy", "Allowed while a script is overdue.";
    }
}

/// ACL categories.
pub mod category {
    macro_rules! categories {
        ($($bit:expr, $constant:ident, $name:literal;)*) => {
            $(#[doc = concat!("`@", $name, "`")] pub const $constant: u64 = 1 << $bit;)*
            /// Each category with its name, in ACL CAT's order.
            pub const NAMES: &[(u64, &str)] = &[$(($constant, $name)),*];
        };
    }
    categories! {
        0, KEYSPACE, "keyspace";
        1, READ, "read";
        2, WRITE, "write";
        3, SET, "set";
        4, SORTED_SET, "sortedset";
        5, LIST, "list";
        6, HASH, "hash";
        7, STRING, "string";
        8, BITMAP, "bitmap";
        9, HYPERLOGLOG, "hyperloglog";
        10, GEO, "geo";
        11, STREAM, "stream";
        12, PUBSUB, "pubsub";
        13, ADMIN, "admin";
        14, FAST, "fast";
        15, SLOW, "slow";
        16, BLOCKING, "blocking";
        17, DANGEROUS, "dangerous";
        18, CONNECTION, "connection";
        19, TRANSACTION, "transaction";
        20, SCRIPTING, "scripting";
    }
}

/// Flags of a key spec, as COMMAND INFO names them.
pub mod key_flag {
    macro_rules! key_flags {
        ($($bit:expr, $constant:ident, $name:literal;)*) => {
            $(#[doc = concat!("`", $name, "`")] pub const $constant: u32 = 1 << $bit;)*
            /// Each flag with its name, in COMMAND INFO's order.
            pub const NAMES: &[(u32, &str)] = &[$(($constant, $name)),*];
        };
    }
    key_flags! {
        0, RO, "RO";
        1, RW, "RW";
        2, OW, "OW";
        3, RM, "RM";
        4, ACCESS, "access";
        5, UPDATE, "update";
        6, INSERT, "insert";
        7, DELETE, "delete";
        8, NOT_KEY, "not_key";
        9, INCOMPLETE, "incomplete";
        10, VARIABLE_FLAGS, "variable_flags";
    }
}

/// The group of a command's documentation page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the groups")]
pub enum Group {
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
    HyperLogLog,
    Cluster,
    Geo,
    Stream,
    Bitmap,
}

impl Group {
    /// As COMMAND DOCS spells it.
    pub fn name(self) -> &'static str {
        match self {
            Group::Generic => "generic",
            Group::String => "string",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Hash => "hash",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Scripting => "scripting",
            Group::HyperLogLog => "hyperloglog",
            Group::Cluster => "cluster",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::Bitmap => "bitmap",
        }
    }
}
