//! The names `OBJECT ENCODING` shows for a value's internal form.

/// A value's internal form, as a client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// A string kept as a 64-bit integer.
    Int,
    /// A string of at most 44 bytes that has not been modified in place.
    Embstr,
    /// Any other string.
    Raw,
    /// A list.
    Quicklist,
    /// A small hash or sorted set in one packed block.
    Listpack,
    /// A hash or set with a hash index.
    Hashtable,
    /// A small set of integers.
    Intset,
    /// A sorted set with a score order and a member index.
    Skiplist,
}

impl Encoding {
    /// The name in `OBJECT ENCODING`'s reply.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Embstr => "embstr",
            Self::Raw => "raw",
            Self::Quicklist => "quicklist",
            Self::Listpack => "listpack",
            Self::Hashtable => "hashtable",
            Self::Intset => "intset",
            Self::Skiplist => "skiplist",
        }
    }
}
