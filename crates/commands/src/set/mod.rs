//! Sets: SADD, SINTER and their kin.

mod combine;
mod random;
mod read;
mod records;
mod scan;
mod write;

#[cfg(test)]
mod tests;

pub(crate) use records::COMMANDS;
