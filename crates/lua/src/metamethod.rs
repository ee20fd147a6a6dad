//! The events a metatable can handle.

/// An event. The first eight are looked up so often that their absence is cached in the metatable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Metamethod {
    Index,
    NewIndex,
    Eq,
    Call,
    Length,
    Gc,
    Mode,
    Less,
    LessEqual,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Negate,
    Concat,
}

impl Metamethod {
    pub(crate) const ALL: [Metamethod; 17] = [
        Metamethod::Index,
        Metamethod::NewIndex,
        Metamethod::Eq,
        Metamethod::Call,
        Metamethod::Length,
        Metamethod::Gc,
        Metamethod::Mode,
        Metamethod::Less,
        Metamethod::LessEqual,
        Metamethod::Add,
        Metamethod::Sub,
        Metamethod::Mul,
        Metamethod::Div,
        Metamethod::Mod,
        Metamethod::Pow,
        Metamethod::Negate,
        Metamethod::Concat,
    ];

    /// The field of the metatable.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Metamethod::Index => "__index",
            Metamethod::NewIndex => "__newindex",
            Metamethod::Eq => "__eq",
            Metamethod::Call => "__call",
            Metamethod::Length => "__len",
            Metamethod::Gc => "__gc",
            Metamethod::Mode => "__mode",
            Metamethod::Less => "__lt",
            Metamethod::LessEqual => "__le",
            Metamethod::Add => "__add",
            Metamethod::Sub => "__sub",
            Metamethod::Mul => "__mul",
            Metamethod::Div => "__div",
            Metamethod::Mod => "__mod",
            Metamethod::Pow => "__pow",
            Metamethod::Negate => "__unm",
            Metamethod::Concat => "__concat",
        }
    }
}
