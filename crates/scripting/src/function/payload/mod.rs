//! What FUNCTION DUMP gives and FUNCTION RESTORE takes: a piece of an RDB file.
//!
//! Each library is an opcode and its text as a string of the RDB format; after the last one come the format's version, two
//! bytes, and a CRC64 of all before it, eight bytes, both little-endian. Strings may come in any of the format's forms;
//! ours are plain.

mod crc64;
mod lzf;

use thiserror::Error;

/// A function library.
const LIBRARY: u8 = 0xF5;
/// A function, as unreleased versions of Redis 7 wrote it.
const EARLY_FUNCTION: u8 = 0xF6;
/// The RDB version of Redis 7.0.
const VERSION: u16 = 10;
/// Version and checksum.
const FOOTER_BYTES: usize = 2 + 8;

/// Why a payload is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PayloadError {
    /// The end does not fit: too short, of a newer version, or not what was written.
    #[error("ERR DUMP payload version or checksum are wrong")]
    Footer,
    /// Something else than a library.
    #[error("ERR given type is not a function")]
    Type,
    /// A function as unreleased versions wrote it, whose first string cannot be read either.
    #[error("ERR Failed loading library name")]
    EarlyName,
    /// A function as unreleased versions wrote it.
    #[error("ERR Failed loading engine name")]
    EarlyFunction,
    /// A string that is cut off or encoded in no known way.
    #[error("ERR Failed loading library payload")]
    Text,
}

/// The payload that holds these libraries' texts.
pub fn write<'t>(texts: impl Iterator<Item = &'t [u8]>) -> Vec<u8> {
    let mut payload = Vec::new();
    for text in texts {
        payload.push(LIBRARY);
        write_length(&mut payload, text.len());
        payload.extend_from_slice(text);
    }
    seal(payload)
}

/// Adds version and checksum to what is to become a payload.
pub fn seal(mut payload: Vec<u8>) -> Vec<u8> {
    payload.extend_from_slice(&VERSION.to_le_bytes());
    let checksum = crc64::of(&payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
    payload
}

fn write_length(payload: &mut Vec<u8>, length: usize) {
    if length < 1 << 6 {
        payload.push(length as u8);
    } else if length < 1 << 14 {
        payload.extend_from_slice(&(0x4000 | length as u16).to_be_bytes());
    } else if let Ok(length) = u32::try_from(length) {
        payload.push(0x80);
        payload.extend_from_slice(&length.to_be_bytes());
    } else {
        payload.push(0x81);
        payload.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// The texts of the libraries that a payload holds.
///
/// # Errors
/// What is wrong with the payload.
pub fn read(payload: &[u8]) -> Result<Vec<Vec<u8>>, PayloadError> {
    let footer = payload
        .len()
        .checked_sub(FOOTER_BYTES)
        .ok_or(PayloadError::Footer)?;
    let (libraries, footer) = payload.split_at(footer);
    let version = u16::from_le_bytes([footer[0], footer[1]]);
    let covered = &payload[..payload.len() - 8];
    if version > VERSION || crc64::of(covered).to_le_bytes() != footer[2..] {
        return Err(PayloadError::Footer);
    }
    // Redis reads strings on into the footer when a payload is cut off in front of it; so do we.
    let mut reader = Reader { rest: payload };
    let mut texts = Vec::new();
    while payload.len() - reader.rest.len() < libraries.len() {
        match reader.byte().ok_or(PayloadError::Type)? {
            LIBRARY => texts.push(reader.string().ok_or(PayloadError::Text)?),
            EARLY_FUNCTION => {
                reader.string().ok_or(PayloadError::EarlyName)?;
                return Err(PayloadError::EarlyFunction);
            }
            _ => return Err(PayloadError::Type),
        }
    }
    Ok(texts)
}

/// How a string's length is given.
enum Length {
    Bytes(u64),
    /// Not a length: a special form of the string.
    Form(u8),
}

struct Reader<'p> {
    rest: &'p [u8],
}

impl<'p> Reader<'p> {
    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn bytes(&mut self, length: u64) -> Option<&'p [u8]> {
        let length = usize::try_from(length).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn length(&mut self) -> Option<Length> {
        let first = self.byte()?;
        Some(match (first >> 6, first) {
            (0, _) => Length::Bytes(u64::from(first)),
            (1, _) => Length::Bytes(u64::from(first & 0x3F) << 8 | u64::from(self.byte()?)),
            (2, 0x80) => Length::Bytes(u64::from(u32::from_be_bytes(self.array()?))),
            (2, 0x81) => Length::Bytes(u64::from_be_bytes(self.array()?)),
            (2, _) => return None,
            _ => Length::Form(first & 0x3F),
        })
    }

    fn plain_length(&mut self) -> Option<u64> {
        match self.length()? {
            Length::Bytes(length) => Some(length),
            Length::Form(_) => None,
        }
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        match self.length()? {
            Length::Bytes(length) => Some(self.bytes(length)?.to_vec()),
            Length::Form(0) => Some(i8::from_le_bytes(self.array()?).to_string().into()),
            Length::Form(1) => Some(i16::from_le_bytes(self.array()?).to_string().into()),
            Length::Form(2) => Some(i32::from_le_bytes(self.array()?).to_string().into()),
            Length::Form(3) => {
                let packed = self.plain_length()?;
                let length = self.plain_length()?;
                lzf::unpack(self.bytes(packed)?, usize::try_from(length).ok()?)
            }
            Length::Form(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As redis-server 7.0.15 gave it.
    const FROM_REDIS: &[u8] = b"\xf5\x3a#!lua name=ab\nredis.register_function(\"a\", function() end)\x0a\x00\x95\xc3\xd6\
        \x2a\x79\x8b\x55\xdd";

    #[test]
    fn a_payload_of_redis_is_read_and_written_alike() {
        let texts = read(FROM_REDIS).expect("fits");
        assert_eq!(texts.len(), 1);
        assert!(texts[0].starts_with(b"#!lua name=ab\n"));
        assert_eq!(write(texts.iter().map(Vec::as_slice)), FROM_REDIS);
        assert_eq!(
            read(b"\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda"),
            Ok(vec![])
        );
    }

    fn sealed(libraries: &[u8]) -> Vec<u8> {
        seal(libraries.to_vec())
    }

    #[test]
    fn every_form_of_a_string_is_known() {
        for (bytes, text) in [
            (&b"\xf5\x02ab"[..], &b"ab"[..]),
            (b"\xf5\x40\x02ab", b"ab"),
            (b"\xf5\x80\0\0\0\x02ab", b"ab"),
            (b"\xf5\x81\0\0\0\0\0\0\0\x02ab", b"ab"),
            (b"\xf5\xc0\xfb", b"-5"),
            (b"\xf5\xc1\x00\x01", b"256"),
            (b"\xf5\xc2\x00\x00\x01\x00", b"65536"),
            (b"\xf5\xc3\x05\x04\x00aa\x80\x00", b""),
            (b"\xf5\xc3\x04\x09\x00a\xa0\x00", b""),
            (b"\xf5\xc3\x04\x08\x00a\xa0\x00", b"aaaaaaaa"),
        ] {
            let expected = if text.is_empty() {
                Err(PayloadError::Text)
            } else {
                Ok(vec![text.to_vec()])
            };
            assert_eq!(read(&sealed(bytes)), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (bytes, error) in [
            (&b"\xf6\x01a"[..], PayloadError::EarlyFunction),
            (b"\x00", PayloadError::Type),
            (b"\xf5\x01ax", PayloadError::Type),
            (
                b"\xf5\x81\xff\xff\xff\xff\xff\xff\xff\xff",
                PayloadError::Text,
            ),
            (b"\xf5\xc4", PayloadError::Text),
            (b"\xf5\x82", PayloadError::Text),
        ] {
            assert_eq!(read(&sealed(bytes)), Err(error), "{bytes:x?}");
        }
        assert_eq!(read(b""), Err(PayloadError::Footer));
        let mut payload = sealed(b"");
        payload[0] = 11;
        assert_eq!(read(&payload), Err(PayloadError::Footer));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(texts: Vec<Vec<u8>>) {
            let payload = write(texts.iter().map(Vec::as_slice));
            prop_assert_eq!(read(&payload), Ok(texts));
        }

        #[test]
        fn any_bytes_are_read_or_refused(libraries: Vec<u8>) {
            let _ = read(&libraries);
            let _ = read(&sealed(&libraries));
        }
    }
}
