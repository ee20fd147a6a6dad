//! `cmsgpack.pack`.

use super::super::output::Output;
use crate::heap::Heap;
use crate::meter::Meter;
use crate::native::{Call, NativeResult, Raise};
use crate::value::{TableHandle, Value};

/// Tables nested deeper than this are packed as nil.
const MAX_NESTING: usize = 16;
/// Values between two looks at the fuel.
const STRIDE: u32 = 128;

pub(super) fn pack(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() == 0 {
        return Err(call.argument_error(0, "MessagePack pack needs input."));
    }
    let mut out = Output::new(call);
    for index in 1..=call.argument_count() {
        let value = call.argument(index);
        let runtime = &mut *call.runtime;
        let mut packer = Packer {
            heap: &runtime.heap,
            meter: &mut runtime.meter,
            out: &mut out,
            count: 0,
        };
        packer.value(value, 0)?;
    }
    let string = out.finish(call)?;
    call.return_value(string)
}

struct Packer<'a> {
    heap: &'a Heap,
    meter: &'a mut Meter,
    out: &'a mut Output,
    count: u32,
}

impl Packer<'_> {
    /// Packs a value. It calls itself for tables in tables, up to the nesting limit.
    fn value(&mut self, value: Value, depth: usize) -> Result<(), Raise> {
        self.count += 1;
        if self.count == STRIDE {
            self.count = 0;
            self.meter.charge(u64::from(STRIDE) / 4)?;
        }
        match value {
            Value::String(string) => self.string(self.heap.bytes(string)),
            Value::Number(number) => self.number(number),
            Value::Boolean(boolean) => self.out.push(self.heap, 0xc2 + u8::from(boolean)),
            Value::Table(table) if depth < MAX_NESTING => self.table(table, depth),
            _ => self.out.push(self.heap, 0xc0),
        }
    }

    /// One of three heads for a count: `small | count` below `limit`, or a marker and a wider count.
    fn head(&mut self, small: u8, limit: usize, marker: u8, count: usize) -> Result<(), Raise> {
        self.out.room(self.heap, 5)?;
        if count < limit {
            self.out.bytes.push(small | count as u8);
        } else if count <= 0xffff {
            self.out.bytes.push(marker);
            self.out
                .bytes
                .extend_from_slice(&(count as u16).to_be_bytes());
        } else {
            self.out.bytes.push(marker + 1);
            self.out
                .bytes
                .extend_from_slice(&(count as u32).to_be_bytes());
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) -> Result<(), Raise> {
        if (32..=0xff).contains(&text.len()) {
            self.out.room(self.heap, 2)?;
            self.out.bytes.extend_from_slice(&[0xd9, text.len() as u8]);
        } else {
            self.head(0xa0, 32, 0xda, text.len())?;
        }
        self.out.extend(self.heap, text)
    }

    fn table(&mut self, table: TableHandle, depth: usize) -> Result<(), Raise> {
        match self.array_length(table)? {
            Some(length) => {
                self.head(0x90, 16, 0xdc, length)?;
                for index in 1..=length {
                    let element = self.heap.raw_get_integer(table, index as i64);
                    self.value(element, depth + 1)?;
                }
            }
            None => {
                let mut count = 0;
                let mut position = 0;
                while let Some((next, ..)) = self.heap.entry_from(table, position) {
                    position = next;
                    count += 1;
                }
                self.head(0x80, 16, 0xde, count)?;
                position = 0;
                while let Some((next, key, value)) = self.heap.entry_from(table, position) {
                    position = next;
                    self.value(key, depth + 1)?;
                    self.value(value, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// The length of a table that is an array: its keys are just 1 to a length. None if it is a map.
    fn array_length(&mut self, table: TableHandle) -> Result<Option<usize>, Raise> {
        let mut most = 0.0;
        let mut count = 0_usize;
        let mut position = 0;
        while let Some((next, key, _)) = self.heap.entry_from(table, position) {
            position = next;
            match key {
                Value::Number(number) if number > 0.0 && number.floor() == number => {
                    most = f64::max(most, number);
                }
                _ => return Ok(None),
            }
            count += 1;
        }
        self.meter.charge(count as u64 / 16)?;
        Ok((most == count as f64).then_some(count))
    }

    fn number(&mut self, number: f64) -> Result<(), Raise> {
        self.out.room(self.heap, 9)?;
        let out = &mut self.out.bytes;
        if (-9223372036854775808.0..9223372036854775808.0).contains(&number)
            && number as i64 as f64 == number
        {
            write_integer(out, number as i64);
        } else if f64::from(number as f32) == number {
            out.push(0xca);
            out.extend_from_slice(&(number as f32).to_be_bytes());
        } else {
            out.push(0xcb);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Ok(())
    }
}

/// An integer in the fewest bytes.
fn write_integer(out: &mut Vec<u8>, value: i64) {
    match value {
        -32..=0x7f => out.push(value as u8),
        0x80..=0xff => out.extend_from_slice(&[0xcc, value as u8]),
        0x100..=0xffff => {
            out.push(0xcd);
            out.extend_from_slice(&(value as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend_from_slice(&(value as u32).to_be_bytes());
        }
        0x1_0000_0000.. => {
            out.push(0xcf);
            out.extend_from_slice(&value.to_be_bytes());
        }
        -0x80..-32 => out.extend_from_slice(&[0xd0, value as u8]),
        -0x8000..-0x80 => {
            out.push(0xd1);
            out.extend_from_slice(&(value as i16).to_be_bytes());
        }
        -0x8000_0000..-0x8000 => {
            out.push(0xd2);
            out.extend_from_slice(&(value as i32).to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::write_integer;

    #[test]
    fn integers_take_the_fewest_bytes() {
        let cases: &[(i64, &[u8])] = &[
            (0, &[0]),
            (127, &[0x7f]),
            (128, &[0xcc, 0x80]),
            (256, &[0xcd, 1, 0]),
            (65536, &[0xce, 0, 1, 0, 0]),
            (1 << 32, &[0xcf, 0, 0, 0, 1, 0, 0, 0, 0]),
            (-1, &[0xff]),
            (-32, &[0xe0]),
            (-33, &[0xd0, 0xdf]),
            (-129, &[0xd1, 0xff, 0x7f]),
            (-32769, &[0xd2, 0xff, 0xff, 0x7f, 0xff]),
            (i64::MIN, &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ];
        for (value, expected) in cases {
            let mut out = Vec::new();
            write_integer(&mut out, *value);
            assert_eq!(out, *expected, "{value}");
        }
    }
}
