//! Numbers as clients write and read them: strict parsing and byte-exact formatting.
//!
//! - [`parse_i64`] and [`write_i64`]: integers in their one canonical decimal form;
//! - [`parse_f64`] and [`format_f64`]: scores, in the 17-digit form replies show;
//! - [`Extended`]: the x87 80-bit format INCRBYFLOAT and HINCRBYFLOAT compute and print in.

mod double;
mod extended;
mod hexadecimal;
mod integer;
mod natural;

pub use double::{format_f64, parse_f64};
pub use extended::Extended;
pub use integer::{parse_i64, write_i64};
