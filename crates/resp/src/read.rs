//! Reads replies as a client does. For tools that talk to a server and for tests; the server itself has
//! no use for a tree of a reply.

use memchr::memmem;

use crate::parse::integer;

/// Deepest nesting accepted, so that hostile input cannot exhaust the stack.
const MAX_DEPTH: usize = 128;

/// One reply, RESP2 or RESP3.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `+…`
    Status(Vec<u8>),
    /// `-…`, with its code.
    Error(Vec<u8>),
    /// `:…`
    Integer(i64),
    /// `$…`
    Bulk(Vec<u8>),
    /// `$-1` or `_`
    Null,
    /// `*-1`
    NullArray,
    /// `#t` or `#f`
    Boolean(bool),
    /// `,…`
    Double(f64),
    /// `(…`
    BigNumber(Vec<u8>),
    /// `=…`: format and text.
    Verbatim([u8; 3], Vec<u8>),
    /// `*…`
    Array(Vec<Value>),
    /// `~…`
    Set(Vec<Value>),
    /// `>…`
    Push(Vec<Value>),
    /// `%…`
    Map(Vec<(Value, Value)>),
    /// `|…` and the value it annotates.
    Attribute(Vec<(Value, Value)>, Box<Value>),
}

/// Bytes that are no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A first byte that announces no known type.
    #[error("unknown reply type {0:#04x}")]
    UnknownType(u8),
    /// A number, length or truth value that is malformed.
    #[error("malformed number or length in a reply")]
    Malformed,
    /// Nested too deeply.
    #[error("reply nested too deeply")]
    TooDeep,
}

/// Reads one reply from the start of `bytes`: the value and how many bytes it took, or `None` if more
/// bytes are needed.
///
/// # Errors
/// If the bytes cannot be the start of any reply.
pub fn read_value(bytes: &[u8]) -> Result<Option<(Value, usize)>, ReadError> {
    let mut reader = Reader { bytes, position: 0 };
    Ok(reader.value(0)?.map(|value| (value, reader.position)))
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = self.bytes.get(self.position..)?;
        let end = memmem::find(rest, b"\r\n")?;
        self.position += end + 2;
        Some(&rest[..end])
    }

    fn blob(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(len)?;
        let blob = self.bytes.get(self.position..end)?;
        self.bytes.get(end..end.checked_add(2)?)?;
        self.position = end + 2;
        Some(blob)
    }

    fn values(&mut self, count: usize, depth: usize) -> Result<Option<Vec<Value>>, ReadError> {
        let mut values = Vec::new();
        for _ in 0..count {
            match self.value(depth + 1)? {
                Some(value) => values.push(value),
                None => return Ok(None),
            }
        }
        Ok(Some(values))
    }

    fn pairs(
        &mut self,
        count: usize,
        depth: usize,
    ) -> Result<Option<Vec<(Value, Value)>>, ReadError> {
        let mut pairs = Vec::new();
        for _ in 0..count {
            let Some(key) = self.value(depth + 1)? else {
                return Ok(None);
            };
            let Some(value) = self.value(depth + 1)? else {
                return Ok(None);
            };
            pairs.push((key, value));
        }
        Ok(Some(pairs))
    }

    fn value(&mut self, depth: usize) -> Result<Option<Value>, ReadError> {
        if depth > MAX_DEPTH {
            return Err(ReadError::TooDeep);
        }
        let Some(&kind) = self.bytes.get(self.position) else {
            return Ok(None);
        };
        if !b"+-:$_#,(=*~>%|".contains(&kind) {
            return Err(ReadError::UnknownType(kind));
        }
        let Some(line) = self.line() else {
            return Ok(None);
        };
        let text = &line[1..];
        let number = || integer(text).ok_or(ReadError::Malformed);
        let length = || number().and_then(|n| usize::try_from(n).map_err(|_| ReadError::Malformed));
        Ok(match kind {
            b'+' => Some(Value::Status(text.to_vec())),
            b'-' => Some(Value::Error(text.to_vec())),
            b':' => Some(Value::Integer(number()?)),
            b'_' => Some(Value::Null),
            b'#' => Some(Value::Boolean(match text {
                b"t" => true,
                b"f" => false,
                _ => return Err(ReadError::Malformed),
            })),
            b',' => {
                let text = std::str::from_utf8(text).map_err(|_| ReadError::Malformed)?;
                let text = text
                    .strip_prefix('-')
                    .filter(|rest| *rest == "nan")
                    .unwrap_or(text);
                Some(Value::Double(
                    text.parse().map_err(|_| ReadError::Malformed)?,
                ))
            }
            b'(' => Some(Value::BigNumber(text.to_vec())),
            b'$' if text == b"-1" => Some(Value::Null),
            b'*' if text == b"-1" => Some(Value::NullArray),
            b'$' => self.blob(length()?).map(|blob| Value::Bulk(blob.to_vec())),
            b'=' => match self.blob(length()?) {
                Some([a, b, c, b':', rest @ ..]) => {
                    Some(Value::Verbatim([*a, *b, *c], rest.to_vec()))
                }
                Some(_) => return Err(ReadError::Malformed),
                None => None,
            },
            b'*' => self.values(length()?, depth)?.map(Value::Array),
            b'~' => self.values(length()?, depth)?.map(Value::Set),
            b'>' => self.values(length()?, depth)?.map(Value::Push),
            b'%' => self.pairs(length()?, depth)?.map(Value::Map),
            _ => {
                let Some(pairs) = self.pairs(length()?, depth)? else {
                    return Ok(None);
                };
                let Some(value) = self.value(depth + 1)? else {
                    return Ok(None);
                };
                Some(Value::Attribute(pairs, Box::new(value)))
            }
        })
    }
}
