//! Numbers as clients write and read them: strict parsing and byte-exact formatting. (Doubles are printed by the
//! protocol crate.)
//!
//! - [`parse_i64`] and [`write_i64`]: integers in their one canonical decimal form;
//! - [`parse_f64`][]: scores;
//! - [`Extended`]: the x87 80-bit format INCRBYFLOAT and HINCRBYFLOAT compute and print in.

mod double;
mod extended;
mod hexadecimal;
mod integer;
mod natural;

pub use double::parse_f64;
pub use extended::Extended;
pub use integer::{parse_i64, write_i64};
