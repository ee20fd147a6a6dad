//! Tidelock's value types as pure data structures: no keys, no clocks, no I/O.
//!
//! Each type has a folder named after Redis's word for it (`string`, `list`, `hash`, `set`,
//! `zset`); [`Value`] is any one of them. Types keep Redis's encodings where a client can see them
//! (`OBJECT ENCODING`), and convert between them by the thresholds in [`Limits`], which every
//! mutator that may convert takes as an argument.
//!
//! Nothing here draws random numbers or reads a clock: randomness comes in as `&mut dyn FnMut() ->
//! u64`, and the hash tables' seed is set once for the process ([`hash_seed::set`]). Given the same
//! seed and the same calls, every iteration and scan order is the same.
//!
//! Mutators return what an undo log or an effect log needs: the value replaced, the elements
//! removed.
#![forbid(unsafe_code)]

mod bytes;
pub mod crc16;
mod encoding;
mod equal;
pub mod glob;
pub mod hash;
pub mod hash_seed;
mod likely;
mod limits;
pub mod list;
pub mod number;
mod packed;
mod random;
pub mod set;
pub mod string;
mod table;
mod text;
pub mod undo;
mod value;
mod zero_byte;
pub mod zset;

pub use bytes::Bytes;
pub use crc16::key_slot;
pub use encoding::Encoding;
pub use equal::bytes_equal;
pub use hash::Hash;
pub use likely::Likely;
pub use limits::Limits;
pub use list::List;
pub use set::Set;
pub use string::StringValue;
pub use text::Text;
pub use undo::Undo;
pub use value::Value;
pub use zero_byte::up_to_zero;
pub use zset::SortedSet;
