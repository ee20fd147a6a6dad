//! `cmsgpack.pack`.

use super::super::is_whole;
use super::super::output::Output;
use super::super::pause::{CHUNK, pause, resume_state};
use crate::heap::Heap;
use crate::meter::Meter;
use crate::native::{Call, NativeResult, Raise};
use crate::value::{TableHandle, Value};

/// Tables nested deeper than this are packed as nil.
const MAX_NESTING: usize = 16;
/// Values between two looks at the fuel.
const STRIDE: u32 = 128;
/// Keys of a table that are looked at in one go to find out whether it is an array.
const SCANNED: usize = 1 << 14;

/// A table being packed.
enum Open {
    /// Not yet known to be an array or a map.
    Unknown(Scan),
    Array {
        table: TableHandle,
        next: usize,
        length: usize,
    },
    Map {
        table: TableHandle,
        position: usize,
        /// The value that follows the key just packed.
        value: Option<Value>,
    },
}

/// The search for a table's keys: those of an array are just 1 to a length. Those of a map are counted.
struct Scan {
    table: TableHandle,
    position: usize,
    most: f64,
    count: usize,
    is_array: bool,
}

struct Packer {
    out: Output,
    open: Vec<Open>,
    /// Slots of tables looked at that are not charged for yet.
    looked_at: usize,
    /// The argument that comes next.
    argument: usize,
}

pub(super) fn pack(call: &mut Call<'_>) -> NativeResult {
    if call.argument_count() == 0 {
        return Err(call.argument_error(0, "MessagePack pack needs input."));
    }
    let packer = Packer {
        out: Output::new(call),
        open: Vec::new(),
        looked_at: 0,
        argument: 1,
    };
    proceed(call, packer)
}

fn proceed(call: &mut Call<'_>, mut packer: Packer) -> NativeResult {
    loop {
        let runtime = &mut *call.runtime;
        if !packer.run(&runtime.heap, &mut runtime.meter)? {
            // The arguments keep the open tables alive.
            return pause(call, Box::new(packer), resume);
        }
        if packer.argument > call.argument_count() {
            break;
        }
        let value = call.argument(packer.argument);
        packer.argument += 1;
        packer.value(call.heap(), value)?;
    }
    let string = packer.out.finish(call)?;
    call.return_value(string)
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    let packer = resume_state::<Packer>(call);
    proceed(call, *packer)
}

impl Packer {
    /// Packs what is open; false if the host wants the run to pause.
    fn run(&mut self, heap: &Heap, meter: &mut Meter) -> Result<bool, Raise> {
        let mut count = 0;
        let mut before = self.out.bytes.len();
        while let Some(open) = self.open.last_mut() {
            count += 1;
            if count >= STRIDE {
                count = 0;
                meter.burn_for_slots(std::mem::take(&mut self.looked_at));
                // Long texts are more work than the values' number tells.
                let written = self.out.bytes.len() - before;
                before = self.out.bytes.len();
                meter.charge((u64::from(STRIDE) / 4).max(written as u64 / 64))?;
                if meter.suspend_requested {
                    return Ok(false);
                }
            }
            let value = match open {
                Open::Array {
                    table,
                    next,
                    length,
                } => {
                    if *next == *length {
                        self.open.pop();
                        continue;
                    }
                    *next += 1;
                    heap.raw_get_integer(*table, *next as i64)
                }
                Open::Map {
                    table,
                    position,
                    value,
                } => match value.take() {
                    Some(value) => value,
                    None => {
                        let Some((next, key, member)) = heap.entry_from(*table, *position) else {
                            self.looked_at += heap.slot_count(*table);
                            self.open.pop();
                            continue;
                        };
                        *position = next;
                        if let Value::Table(_) = key {
                            *value = Some(member);
                            key
                        } else {
                            self.value(heap, key)?;
                            member
                        }
                    }
                },
                Open::Unknown(scan) => {
                    if scan.go_on(heap) {
                        let (table, array, length) = (scan.table, scan.is_array(), scan.count);
                        self.open.pop();
                        self.begin_table(heap, table, array, length)?;
                    } else {
                        meter.charge(SCANNED as u64 / 16)?;
                        count = STRIDE;
                    }
                    continue;
                }
            };
            self.value(heap, value)?;
            if self.out.bytes.len() - before > CHUNK {
                count = STRIDE;
            }
        }
        meter.burn_for_slots(std::mem::take(&mut self.looked_at));
        Ok(true)
    }

    /// Packs a value; of a table only the head.
    #[inline]
    fn value(&mut self, heap: &Heap, value: Value) -> Result<(), Raise> {
        match value {
            Value::String(string) => self.string(heap, heap.bytes(string)),
            Value::Number(number) => self.number(heap, number),
            Value::Boolean(boolean) => self.out.push(heap, 0xc2 + u8::from(boolean)),
            Value::Table(table) if self.open.len() < MAX_NESTING => self.table(heap, table),
            _ => self.out.push(heap, 0xc0),
        }
    }

    /// One of three heads for a count: `small | count` below `limit`, or a marker and a wider count.
    #[inline]
    fn head(
        &mut self,
        heap: &Heap,
        small: u8,
        limit: usize,
        marker: u8,
        count: usize,
    ) -> Result<(), Raise> {
        self.out.room(heap, 5)?;
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

    #[inline]
    fn string(&mut self, heap: &Heap, text: &[u8]) -> Result<(), Raise> {
        if (32..=0xff).contains(&text.len()) {
            self.out.room(heap, 2)?;
            self.out.bytes.extend_from_slice(&[0xd9, text.len() as u8]);
        } else {
            self.head(heap, 0xa0, 32, 0xda, text.len())?;
        }
        self.out.extend(heap, text)
    }

    fn table(&mut self, heap: &Heap, table: TableHandle) -> Result<(), Raise> {
        let mut scan = Scan {
            table,
            position: 0,
            most: 0.0,
            count: 0,
            is_array: true,
        };
        let is_over = scan.go_on(heap);
        self.looked_at += scan.position;
        if is_over {
            return self.begin_table(heap, table, scan.is_array(), scan.count);
        }
        self.open.push(Open::Unknown(scan));
        Ok(())
    }

    fn begin_table(
        &mut self,
        heap: &Heap,
        table: TableHandle,
        is_array: bool,
        length: usize,
    ) -> Result<(), Raise> {
        if is_array {
            self.head(heap, 0x90, 16, 0xdc, length)?;
            self.open.push(Open::Array {
                table,
                next: 0,
                length,
            });
        } else {
            self.head(heap, 0x80, 16, 0xde, length)?;
            self.open.push(Open::Map {
                table,
                position: 0,
                value: None,
            });
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self, heap: &Heap, number: f64) -> Result<(), Raise> {
        self.out.room(heap, 9)?;
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

impl Scan {
    /// Looks at some more keys; true at the end.
    #[inline]
    fn go_on(&mut self, heap: &Heap) -> bool {
        for _ in 0..SCANNED {
            let Some((next, key, _)) = heap.entry_from(self.table, self.position) else {
                self.position = heap.slot_count(self.table);
                return true;
            };
            self.position = next;
            self.count += 1;
            match key {
                Value::Number(number) if number > 0.0 && is_whole(number) => {
                    self.most = f64::max(self.most, number);
                }
                _ => self.is_array = false,
            }
        }
        false
    }

    fn is_array(&self) -> bool {
        self.is_array && self.most == self.count as f64
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
