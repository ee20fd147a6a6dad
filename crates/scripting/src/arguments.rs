//! The arguments of a `redis.call`, as the bytes the road takes.
//!
//! They are copied out of the heap, because the reply is made there while the command still reads them. Most calls have
//! few and short arguments: each of those has a place of its own, so that nothing has to grow or to be put together. Huge
//! ones are shared with the heap.

use std::sync::Arc;

use lua::heap::Heap;
use lua::value::Value;
use resp::double::write_general;

/// Calls with more arguments than this take the general way.
pub(crate) const FEW: usize = 8;

/// Arguments longer than this take the general way.
const SHORT: usize = 64;

/// A buffer larger than this is given back after the call, and a string larger than this is shared, not copied.
const BYTES_KEPT: usize = 64 * 1024;

/// The buffers of one VM, used by one call after the other.
pub(crate) struct Arguments {
    few: Box<[[u8; SHORT]; FEW]>,
    bytes: Vec<u8>,
    places: Vec<Place>,
    shared: Vec<Arc<[u8]>>,
}

/// Where an argument is.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// From here to there in `bytes`.
    Copied(usize, usize),
    /// In this buffer of `shared`.
    Shared(usize),
}

/// Why arguments are not copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArgumentError {
    /// One is neither a string nor a number.
    #[error("ERR Lua redis lib command arguments must be strings or integers")]
    Invalid,
    /// Together they are larger than all of the script may be.
    #[error("not enough memory")]
    TooLarge,
}

impl Arguments {
    pub(crate) fn new() -> Arguments {
        Arguments {
            few: Box::new([[0; SHORT]; FEW]),
            bytes: Vec::new(),
            places: Vec::new(),
            shared: Vec::new(),
        }
    }

    /// Copies few and short arguments to `args`; none if there are more, a longer one, one that is not easily written, or
    /// not even one.
    #[inline]
    pub(crate) fn copy_few<'a, 's>(
        &'a mut self,
        heap: &Heap,
        values: &[Value],
        args: &'s mut [&'a [u8]; FEW],
    ) -> Option<&'s [&'a [u8]]> {
        let args = args
            .get_mut(..values.len())
            .filter(|args| !args.is_empty())?;
        for ((arg, place), &value) in args.iter_mut().zip(self.few.iter_mut()).zip(values) {
            *arg = match value {
                Value::String(string) => match heap.bytes_in_place(string) {
                    // As many bytes for each: so few are copied faster than counted.
                    Some((bytes, length)) => {
                        place[..bytes.len()].copy_from_slice(bytes);
                        &place[..length]
                    }
                    None => {
                        let bytes = heap.bytes(string);
                        let place = place.get_mut(..bytes.len())?;
                        place.copy_from_slice(bytes);
                        place
                    }
                },
                Value::Number(number) if number as i32 as f64 == number && number != 0.0 => {
                    write_integer(number as i32, place)
                }
                _ => return None,
            };
        }
        Some(args)
    }

    /// Copies any arguments. After the call [`Arguments::release`] gives their memory back.
    ///
    /// # Errors
    /// See [`ArgumentError`].
    pub(crate) fn copy_all(
        &mut self,
        heap: &mut Heap,
        values: &[Value],
    ) -> Result<Vec<&[u8]>, ArgumentError> {
        self.bytes.clear();
        self.places.clear();
        self.shared.clear();
        // Of those that are shared, which the handler will copy.
        let mut shared_bytes = 0;
        for &value in values {
            let start = self.bytes.len();
            match value {
                Value::String(string) if heap.bytes(string).len() > BYTES_KEPT => {
                    if let Some(bytes) = heap.share_bytes(string) {
                        shared_bytes += bytes.len();
                        if self.bytes.len() + shared_bytes > heap.limit() {
                            return Err(ArgumentError::TooLarge);
                        }
                        self.places.push(Place::Shared(self.shared.len()));
                        self.shared.push(bytes);
                        continue;
                    }
                    self.bytes.extend_from_slice(heap.bytes(string));
                }
                Value::String(string) => self.bytes.extend_from_slice(heap.bytes(string)),
                Value::Number(number) => write_number(number, &mut self.bytes),
                _ => return Err(ArgumentError::Invalid),
            }
            // The same string may be given many times.
            if self.bytes.len() + shared_bytes > heap.limit() {
                return Err(ArgumentError::TooLarge);
            }
            self.places.push(Place::Copied(start, self.bytes.len()));
        }
        let slice = |place: &Place| match *place {
            Place::Copied(start, end) => &self.bytes[start..end],
            Place::Shared(index) => &*self.shared[index],
        };
        Ok(self.places.iter().map(slice).collect())
    }

    /// Gives back what huge arguments took.
    pub(crate) fn release(&mut self) {
        self.shared.clear();
        if self.bytes.capacity() > BYTES_KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Writes an integer to the front of `place`.
fn write_integer(number: i32, place: &mut [u8; SHORT]) -> &[u8] {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    let place = &mut place[..digits.len()];
    place.copy_from_slice(digits);
    place
}

/// A number as an argument: as C's `%.17g` writes it, which for most is an integer.
pub(crate) fn write_number(number: f64, out: &mut Vec<u8>) {
    let bits_of_zero = 0.0_f64.to_bits();
    if number.trunc() == number
        && number.abs() < 1e16
        && (number != 0.0 || number.to_bits() == bits_of_zero)
    {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(number as i64).as_bytes());
    } else {
        write_general(number, 17, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What both ways make of the same values, where both take them.
    fn both(texts: &[&[u8]], numbers: &[f64]) -> (Option<Vec<Vec<u8>>>, Vec<Vec<u8>>) {
        let mut vm = lua::Vm::new();
        let heap = &mut vm.runtime.heap;
        let mut values: Vec<Value> = texts
            .iter()
            .map(|text| Value::String(heap.new_string(text)))
            .collect();
        values.extend(numbers.iter().map(|&number| Value::Number(number)));
        let mut arguments = Arguments::new();
        let mut args: [&[u8]; FEW] = [&[]; FEW];
        let few = arguments.copy_few(heap, &values, &mut args);
        let few = few.map(|args| args.iter().map(|arg| arg.to_vec()).collect());
        let all = arguments
            .copy_all(heap, &values)
            .expect("strings and numbers are fit");
        (few, all.into_iter().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn few_and_short_arguments_are_the_same_either_way() {
        let (few, all) = both(&[b"SET", b"key", &[0; 64]], &[1.0, -7.0, 2147483647.0]);
        assert_eq!(few, Some(all));
    }

    #[test]
    fn a_huge_argument_is_not_copied_for_each_call() {
        let mut vm = lua::Vm::new();
        let heap = &mut vm.runtime.heap;
        let huge = vec![b'x'; BYTES_KEPT + 1];
        let values = [b"SET", b"key", huge.as_slice(), &huge[1..]]
            .map(|text| Value::String(heap.new_string(text)));
        let mut arguments = Arguments::new();
        let in_use = heap.bytes_in_use();
        let mut places = Vec::new();
        for _ in 0..2 {
            let all = arguments.copy_all(heap, &values).expect("strings are fit");
            assert_eq!(all, [b"SET", b"key", huge.as_slice(), &huge[1..]]);
            places.push((all[2].as_ptr(), all[3].len()));
            arguments.release();
        }
        assert_eq!(places[0], places[1]);
        assert_eq!(heap.bytes_in_use(), in_use);
    }

    #[test]
    fn what_is_long_or_many_or_no_small_integer_takes_the_general_way() {
        assert_eq!(both(&[&[b'x'; 65]], &[]).0, None);
        assert_eq!(both(&[b"x".as_slice(); 9], &[]).0, None);
        for number in [0.0, -0.0, 0.5, 3e9, f64::NAN, f64::INFINITY] {
            assert_eq!(both(&[], &[number]).0, None);
        }
        assert_eq!(both(&[], &[0.5]).1, [b"0.5".to_vec()]);
        assert_eq!(both(&[], &[0.0]).1, [b"0".to_vec()]);
    }

    #[test]
    fn other_values_are_refused() {
        let mut vm = lua::Vm::new();
        let mut arguments = Arguments::new();
        for value in [Value::Nil, Value::Boolean(true)] {
            let mut args: [&[u8]; FEW] = [&[]; FEW];
            let few = arguments.copy_few(&vm.runtime.heap, &[value], &mut args);
            assert!(few.is_none());
            let all = arguments.copy_all(&mut vm.runtime.heap, &[value]);
            assert_eq!(all, Err(ArgumentError::Invalid));
        }
    }
}
