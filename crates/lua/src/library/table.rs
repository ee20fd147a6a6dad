//! The `table` library. Like 5.1's it reads and writes without metamethods.

mod short;
mod sort;

use super::output::Output;
use super::pause::{CHUNK, charge, pause, resume_state};
use crate::heap::Heap;
use crate::native::{Call, Flow, LibraryEntry, NativeResult, Raise};
use crate::number;
use crate::table::TableError;
use crate::value::{StringHandle, TableHandle, Type, Value};

const ENTRIES: &[LibraryEntry] = &[
    ("concat", concat),
    ("foreach", foreach),
    ("foreachi", foreachi),
    ("getn", getn),
    ("insert", insert),
    ("maxn", maxn),
    ("remove", remove),
    ("setn", setn),
    ("sort", sort::sort),
];

/// Elements moved or read between two looks at the fuel.
const STRIDE: u64 = 256;

/// Adds the library to the global table.
pub fn open(heap: &mut Heap) {
    let library = heap.new_table(0, 16);
    heap.register(library, ENTRIES);
    heap.add_shortcuts(library, short::SHORTCUTS);
    super::install(heap, "table", library);
}

/// The error of a refused write; like every error inside the engine's own table code it has no position.
fn table_error(call: &mut Call<'_>, error: TableError) -> Raise {
    call.error_without_position(error.to_string())
}

/// Fails if the table is read-only.
fn check_writable(call: &mut Call<'_>, table: TableHandle) -> Result<(), Raise> {
    if call.heap().is_readonly(table) {
        return Err(table_error(call, TableError::Readonly));
    }
    Ok(())
}

/// `table[index] = value`; making an element asks the memory cap.
fn write(call: &mut Call<'_>, table: TableHandle, index: i64, value: Value) -> Result<(), Raise> {
    match call
        .heap_mut()
        .raw_set(table, Value::Number(index as f64), value)
    {
        Ok(()) => Ok(()),
        Err(error) => Err(table_error(call, error)),
    }
}

fn concat(call: &mut Call<'_>) -> NativeResult {
    // 5.1 looks at the separator first.
    let separator = call.optional_string(2)?;
    let table = call.check_table(1)?;
    let first = i64::from(call.optional_integer(3, 1)? as i32);
    let last = if call.is_none_or_nil(4) {
        call.heap().length(table) as i64
    } else {
        i64::from(call.check_integer(4)? as i32)
    };
    let concat = Concat {
        out: Output::new(call),
        table,
        separator,
        index: first,
        last,
    };
    proceed_concat(call, concat)
}

struct Concat {
    out: Output,
    table: TableHandle,
    separator: Option<StringHandle>,
    /// The element that comes next.
    index: i64,
    last: i64,
}

fn proceed_concat(call: &mut Call<'_>, mut concat: Concat) -> NativeResult {
    while concat.index <= concat.last {
        let before = concat.out.bytes.len();
        match concat.join_some(call.heap()) {
            Ok(()) => {}
            Err(ConcatError::Raise(raise)) => return Err(raise),
            Err(ConcatError::Value(index, kind)) => {
                let message =
                    format!("invalid value ({kind}) at index {index} in table for 'concat'");
                return Err(call.error(message));
            }
        }
        if concat.index > concat.last {
            break;
        }
        let written = concat.out.bytes.len() - before;
        if charge(call, STRIDE / 4 + written as u64 / 16)? {
            return pause(call, Box::new(concat), resume_concat);
        }
    }
    let string = concat.out.finish(call)?;
    call.return_value(string)
}

fn resume_concat(call: &mut Call<'_>) -> NativeResult {
    let concat = resume_state::<Concat>(call);
    proceed_concat(call, *concat)
}

/// Why elements cannot be joined.
enum ConcatError {
    /// The element at this index is of this type.
    Value(i64, &'static str),
    Raise(Raise),
}

impl From<Raise> for ConcatError {
    fn from(raise: Raise) -> ConcatError {
        ConcatError::Raise(raise)
    }
}

impl Concat {
    /// Adds as many elements as are joined between two looks at the fuel.
    fn join_some(&mut self, heap: &Heap) -> Result<(), ConcatError> {
        let separator = self
            .separator
            .map_or(&[][..], |separator| heap.bytes(separator));
        let enough = self.out.bytes.len() + CHUNK;
        for _ in 0..STRIDE {
            match heap.raw_get_integer(self.table, self.index) {
                Value::String(text) => {
                    let length = heap.bytes(text).len();
                    self.out.room(heap, length + separator.len())?;
                    heap.strings.append(text, &mut self.out.bytes);
                }
                Value::Number(number) => self.out.extend(heap, &number::to_text(number))?,
                other => return Err(ConcatError::Value(self.index, other.type_name())),
            }
            if self.index < self.last {
                match *separator {
                    [] => {}
                    [byte] => self.out.push(heap, byte)?,
                    _ => self.out.extend(heap, separator)?,
                }
            }
            self.index += 1;
            if self.index > self.last || self.out.bytes.len() > enough {
                break;
            }
        }
        Ok(())
    }
}

fn insert(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let mut end = call.heap().length(table) as i64 + 1;
    let (position, value) = match call.argument_count() {
        2 => (end, call.argument(2)),
        3 => {
            let position = i64::from(call.check_integer(2)? as i32);
            end = end.max(position);
            (position, call.argument(3))
        }
        _ => return Err(call.error("wrong number of arguments to 'insert'")),
    };
    check_writable(call, table)?;
    if position >= 1 && position < end && end as usize <= call.heap().array_size(table) {
        let array = &mut call.heap_mut().tables[table.index()].array;
        array.copy_within(position as usize - 1..end as usize - 1, position as usize);
        call.heap_mut().note_moved_values(table);
        call.charge((end - position) as u64 / 8)?;
    } else if position < end {
        call.state = Some(Box::new(Shift {
            table,
            index: end,
            position,
            value: call.argument_count(),
        }));
        return shift(call);
    }
    write(call, table, position, value)?;
    Ok(Flow::Return(0))
}

/// An insertion outside the array part, element by element: it may be a very long way.
struct Shift {
    table: TableHandle,
    /// The element that is moved next.
    index: i64,
    position: i64,
    /// Which argument is inserted.
    value: usize,
}

fn shift(call: &mut Call<'_>) -> NativeResult {
    let state = call
        .state
        .take()
        .and_then(|state| state.downcast::<Shift>().ok());
    let mut shift = state.expect("insert left its state");
    while shift.index > shift.position {
        let moved = call.heap().raw_get_integer(shift.table, shift.index - 1);
        // A nil is written too: it makes a node, which the order of the keys shows.
        write(call, shift.table, shift.index, moved)?;
        shift.index -= 1;
        if shift.index.unsigned_abs().is_multiple_of(STRIDE) {
            call.charge(STRIDE)?;
            call.reserve(0)?;
            if call.runtime.meter.suspend_requested {
                call.runtime.meter.suspend_requested = false;
                call.state = Some(shift);
                return Ok(Flow::Suspend {
                    resume: resume_shift,
                });
            }
        }
    }
    let value = call.argument(shift.value);
    write(call, shift.table, shift.position, value)?;
    Ok(Flow::Return(0))
}

fn resume_shift(call: &mut Call<'_>) -> NativeResult {
    call.drop_callback_results();
    shift(call)
}

fn remove(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let end = call.heap().length(table) as i64;
    let position = i64::from(call.optional_integer(2, end)? as i32);
    if position < 1 || position > end {
        return Ok(Flow::Return(0));
    }
    let removed = call.heap().raw_get_integer(table, position);
    check_writable(call, table)?;
    if end as usize <= call.heap().array_size(table) {
        let array = &mut call.heap_mut().tables[table.index()].array;
        array.copy_within(position as usize..end as usize, position as usize - 1);
        call.heap_mut().note_shifted_values(table);
        call.charge((end - position) as u64 / 8)?;
    } else {
        for index in position..end {
            let moved = call.heap().raw_get_integer(table, index + 1);
            write(call, table, index, moved)?;
            if (index - position) as u64 % STRIDE == STRIDE - 1 {
                call.charge(STRIDE)?;
            }
        }
    }
    write(call, table, end, Value::Nil)?;
    call.return_value(removed)
}

fn getn(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let length = call.heap().length(table);
    call.return_value(length as f64)
}

fn setn(call: &mut Call<'_>) -> NativeResult {
    call.check_table(1)?;
    Err(call.error("'setn' is obsolete"))
}

fn maxn(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let mut most = 0.0;
    let mut position = 0;
    let mut uncharged = 0;
    while let Some((next, key, _)) = call.heap().entry_from(table, position) {
        if let Value::Number(number) = key
            && number > most
        {
            most = number;
        }
        uncharged += (next - position) as u64;
        position = next;
        if uncharged >= STRIDE {
            call.charge(std::mem::take(&mut uncharged) / 4)?;
        }
    }
    let rest = call.heap().slot_count(table) - position;
    call.charge((uncharged + rest as u64) / 4)?;
    call.return_value(most)
}

/// `foreach` keeps the key of the traversal on top of its arguments.
fn foreach(call: &mut Call<'_>) -> NativeResult {
    call.check_table(1)?;
    call.check_type(2, Type::Function)?;
    call.set_top(2);
    call.push(Value::Nil);
    foreach_step(call)
}

fn foreach_step(call: &mut Call<'_>) -> NativeResult {
    let Value::Table(table) = call.get(1) else {
        return Ok(Flow::Return(0));
    };
    let key = call.get(3);
    let runtime = &mut *call.runtime;
    let entry = match runtime.heap.next(table, key, &mut runtime.meter) {
        Ok(entry) => entry,
        Err(error) => return Err(call.error_without_position(error.to_string())),
    };
    let Some((key, value)) = entry else {
        return Ok(Flow::Return(0));
    };
    call.charge(1)?;
    call.set(3, key);
    call.push(call.get(2));
    call.push(key);
    call.push(value);
    Ok(Flow::Call {
        arguments: 2,
        resume: foreach_resume,
    })
}

fn foreach_resume(call: &mut Call<'_>) -> NativeResult {
    let result = call.callback_result(1);
    call.drop_callback_results();
    if !result.is_nil() {
        return call.return_value(result);
    }
    foreach_step(call)
}

/// `foreachi` keeps the index and the length it started with on top of its arguments.
fn foreachi(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    call.check_type(2, Type::Function)?;
    let length = call.heap().length(table);
    call.set_top(2);
    call.push(0.0);
    call.push(length as f64);
    foreachi_step(call)
}

fn foreachi_step(call: &mut Call<'_>) -> NativeResult {
    let (Value::Table(table), Value::Number(index), Value::Number(length)) =
        (call.get(1), call.get(3), call.get(4))
    else {
        return Ok(Flow::Return(0));
    };
    let index = index + 1.0;
    if index > length {
        return Ok(Flow::Return(0));
    }
    call.charge(1)?;
    call.set(3, Value::Number(index));
    call.push(call.get(2));
    call.push(index);
    let value = call.heap().raw_get_integer(table, index as i64);
    call.push(value);
    Ok(Flow::Call {
        arguments: 2,
        resume: foreachi_resume,
    })
}

fn foreachi_resume(call: &mut Call<'_>) -> NativeResult {
    let result = call.callback_result(1);
    call.drop_callback_results();
    if !result.is_nil() {
        return call.return_value(result);
    }
    foreachi_step(call)
}
