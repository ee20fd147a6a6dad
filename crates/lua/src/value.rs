//! Lua values and the handles that stand for heap objects.
//!
//! A value is 16 bytes and `Copy`: a tag and either a scalar or a handle. A handle is an index into one of the heap's per-type
//! arenas, so dereferencing is a bounds-checked indexing of an arena whose element type is fixed: a stale or forged handle can only
//! ever name another object of the same type, never foreign memory.
//!
//! A string's handle carries the string's hash. That is why the VM needs no inline caches for constant keys: main position
//! of a key = `hash & mask`, without touching the string. Short strings (up to [`MAX_SHORT`] bytes) are interned, so equal handles = equal
//! strings; the top bit of the index marks the others, which are compared by content (after their hashes).
//!
//! 5.1's hash decides the order of `pairs`, so there is no way round it; but it takes longer than all else that is to be done for a
//! string, and most of those that come from the host are handed on and forgotten. Their handles are *loose*: they carry no hash, which is
//! computed when the string becomes a key. So of one string there may be two handles, which are equal.

/// Longest interned string.
pub const MAX_SHORT: usize = 40;

/// Bit of a [`StringHandle`]'s index that marks strings which are not interned.
const LONG_BIT: u32 = 1 << 31;

/// Bit of a [`StringHandle`]'s index that marks handles without the hash.
const LOOSE_BIT: u32 = 1 << 30;

/// A string of the heap: its index in the low half, its hash in the high half of one word.
#[derive(Clone, Copy, Debug)]
pub struct StringHandle(u64);

impl PartialEq for StringHandle {
    #[inline(always)]
    fn eq(&self, other: &StringHandle) -> bool {
        (self.0 ^ other.0) as u32 & !LOOSE_BIT == 0
    }
}

impl Eq for StringHandle {}

impl StringHandle {
    pub(crate) fn new(index: u32, hash: u32, long: bool) -> StringHandle {
        let index = if long { index | LONG_BIT } else { index };
        StringHandle(u64::from(hash) << 32 | u64::from(index))
    }

    /// The same without the hash.
    pub(crate) fn loose(index: u32, long: bool) -> StringHandle {
        StringHandle::new(index | LOOSE_BIT, 0, long)
    }

    /// Equality of two handles of which both have the hash, as keys do.
    #[inline(always)]
    pub(crate) fn is_same_key(self, other: StringHandle) -> bool {
        self.0 == other.0
    }

    /// Position in the string arena.
    #[inline(always)]
    pub(crate) fn index(self) -> usize {
        (self.0 as u32 & !(LONG_BIT | LOOSE_BIT)) as usize
    }

    /// The string's hash, computed as 5.1 does; 0 of a loose one.
    #[inline(always)]
    pub fn hash(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Whether the string is not interned, so that equality needs its content.
    #[inline(always)]
    pub fn is_long(self) -> bool {
        self.0 as u32 & LONG_BIT != 0
    }

    /// Whether the handle lacks the hash, so that it cannot be a key.
    #[inline(always)]
    pub(crate) fn is_loose(self) -> bool {
        self.0 as u32 & LOOSE_BIT != 0
    }

    /// Whether a table can be searched for the string by its handle alone.
    #[inline(always)]
    pub(crate) fn is_plain_key(self) -> bool {
        self.0 as u32 & (LONG_BIT | LOOSE_BIT) == 0
    }
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) u32);

        impl $name {
            #[inline(always)]
            pub(crate) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

handles! {
    /// A table of the heap.
    TableHandle,
    /// A Lua closure of the heap.
    ClosureHandle,
    /// A native function object of the heap.
    NativeHandle,
    /// A full userdata of the heap.
    UserdataHandle,
    /// A coroutine (or the main thread) of the heap.
    ThreadHandle,
    /// A variable captured by closures.
    UpvalueHandle,
}

/// A Lua value.
// The tag takes a whole word so that a value is two words: with a narrow tag the compiler copies the bytes behind it in
// overlapping pieces, and reading back what was written so stalls.
#[derive(Clone, Copy, Debug, Default)]
#[repr(u64)]
pub enum Value {
    /// `nil`.
    #[default]
    Nil,
    /// `true` or `false`.
    Boolean(bool),
    /// A number: always a double in 5.1.
    Number(f64),
    /// A string: any bytes.
    String(StringHandle),
    /// A table.
    Table(TableHandle),
    /// A function written in Lua.
    Function(ClosureHandle),
    /// A function of the host.
    Native(NativeHandle),
    /// A full userdata: a host object with a metatable.
    Userdata(UserdataHandle),
    /// A light userdata: an opaque number of the host (`cjson.null` is one).
    LightUserdata(u64),
    /// A coroutine.
    Thread(ThreadHandle),
}

/// The types a program can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `nil`.
    Nil,
    /// `boolean`.
    Boolean,
    /// `number`.
    Number,
    /// `string`.
    String,
    /// `table`.
    Table,
    /// `function`.
    Function,
    /// `userdata`, full or light.
    Userdata,
    /// `thread`.
    Thread,
}

impl Type {
    /// The name as `type` returns it.
    pub fn name(self) -> &'static str {
        match self {
            Type::Nil => "nil",
            Type::Boolean => "boolean",
            Type::Number => "number",
            Type::String => "string",
            Type::Table => "table",
            Type::Function => "function",
            Type::Userdata => "userdata",
            Type::Thread => "thread",
        }
    }
}

impl Value {
    /// Neither nil nor false.
    #[inline(always)]
    pub fn is_truthy(self) -> bool {
        !matches!(self, Value::Nil | Value::Boolean(false))
    }

    /// Is nil.
    #[inline(always)]
    pub fn is_nil(self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The type a program sees.
    pub fn kind(self) -> Type {
        match self {
            Value::Nil => Type::Nil,
            Value::Boolean(_) => Type::Boolean,
            Value::Number(_) => Type::Number,
            Value::String(_) => Type::String,
            Value::Table(_) => Type::Table,
            Value::Function(_) | Value::Native(_) => Type::Function,
            Value::Userdata(_) | Value::LightUserdata(_) => Type::Userdata,
            Value::Thread(_) => Type::Thread,
        }
    }

    /// The number `tostring` shows of an object. Objects have no addresses; one that is unique among those of their type
    /// stands for it.
    pub fn address(self) -> Option<u64> {
        let object =
            |space: u64, index: u32| 0x5500_0000_0000 + (space << 36) + u64::from(index) * 64;
        match self {
            Value::Nil | Value::Boolean(_) | Value::Number(_) | Value::String(_) => None,
            Value::Table(handle) => Some(object(1, handle.0)),
            Value::Function(handle) => Some(object(2, handle.0)),
            Value::Native(handle) => Some(object(3, handle.0)),
            Value::Userdata(handle) => Some(object(4, handle.0)),
            Value::Thread(handle) => Some(object(5, handle.0)),
            Value::LightUserdata(address) => Some(address),
        }
    }

    /// The type's name, as `type` returns it.
    pub fn type_name(self) -> &'static str {
        self.kind().name()
    }

    /// Equality that needs no heap: right for everything but two long strings, which are the same only if
    /// their handles are. See [`Heap::raw_equals`](crate::heap::Heap::raw_equals).
    #[inline(always)]
    pub(crate) fn is_identical(self, other: Value) -> bool {
        match (self, other) {
            (Value::Number(a), Value::Number(b)) => a == b,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Nil, Value::Nil) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::Table(a), Value::Table(b)) => a == b,
            (Value::Function(a), Value::Function(b)) => a == b,
            (Value::Native(a), Value::Native(b)) => a == b,
            (Value::Userdata(a), Value::Userdata(b)) => a == b,
            (Value::LightUserdata(a), Value::LightUserdata(b)) => a == b,
            (Value::Thread(a), Value::Thread(b)) => a == b,
            _ => false,
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Value {
        Value::Boolean(boolean)
    }
}

impl From<StringHandle> for Value {
    fn from(handle: StringHandle) -> Value {
        Value::String(handle)
    }
}

impl From<TableHandle> for Value {
    fn from(handle: TableHandle) -> Value {
        Value::Table(handle)
    }
}

/// A number as an integer, as C converts it on 64-bit machines: truncated; what is out of range becomes the smallest integer.
#[inline]
pub fn to_integer(number: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}
