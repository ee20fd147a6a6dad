use crate::{Tally, arguments::Arguments, error::Error};
pub fn run(_a: Arguments) -> Result<Tally, Error> { Ok(Tally::default()) }
