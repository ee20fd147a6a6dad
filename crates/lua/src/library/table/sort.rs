//! `table.sort`: 5.1's quicksort, comparison by comparison.
//!
//! Which elements are compared, and in which order, shows: through the comparator's side effects, through what an
//! inconsistent comparator makes of the table, and in the order of elements that compare equal. So the steps are
//! 5.1's: the median of three as the pivot, the smaller part first. The recursion is a stack of ranges, and each
//! comparison may be a Lua call after which the sort goes on.

use super::check_writable;
use crate::native::{Call, Compared, Flow, NativeResult, Raise};
use crate::value::{TableHandle, Type, Value};
use crate::vm::copy_value;

/// Window slot of the comparator.
const COMPARATOR: usize = 2;
/// Window slot of the pivot.
const PIVOT: usize = 3;
/// Window slots of the two elements in hand.
const LEFT: usize = 4;
const RIGHT: usize = 5;
/// Window slot of the first argument of the comparator, which is called in the slot below.
const ARGUMENTS: usize = RIGHT + 2;
/// Comparisons between two looks at the fuel.
const STRIDE: u32 = 64;
/// Most elements that are sorted in one go where the order of comparisons can't show: about a millisecond's work.
const AT_ONCE: usize = 1 << 14;

/// The comparison whose outcome is awaited, or where to start.
#[derive(Clone, Copy)]
enum Phase {
    Range,
    /// `last < first`
    Ends,
    /// `middle < first`
    MiddleFirst,
    /// `last < middle`
    LastMiddle,
    /// `element < pivot`, moving up
    Up,
    /// `pivot < element`, moving down
    Down,
}

struct Sort {
    table: TableHandle,
    phase: Phase,
    low: i64,
    high: i64,
    /// The element moving up, or the middle one.
    i: i64,
    /// The element moving down.
    j: i64,
    /// Ranges still to be sorted.
    ranges: Vec<(i64, i64)>,
    compared: u32,
}

/// What the sort needs next.
enum Next {
    /// Whether the value in one slot is less than that in another.
    Compare(usize, usize),
    Done,
}

pub(super) fn sort(call: &mut Call<'_>) -> NativeResult {
    let table = call.check_table(1)?;
    let length = call.heap().length(table) as i64;
    if !call.is_none_or_nil(2) {
        call.check_type(2, Type::Function)?;
    }
    call.set_top(2);
    if length < 2 {
        return Ok(Flow::Return(0));
    }
    check_writable(call, table)?;
    if call.get(COMPARATOR).is_nil() && sort_uniform(call, table, length as usize)? {
        return Ok(Flow::Return(0));
    }
    call.set_top(RIGHT);
    let state = Sort {
        table,
        phase: Phase::Range,
        low: 1,
        high: length,
        i: 0,
        j: 0,
        ranges: Vec::new(),
        compared: 0,
    };
    proceed(call, Box::new(state), None)
}

/// Sorts numbers, or strings, by `<` without further ado: equal ones can't be told apart. False if it did nothing.
fn sort_uniform(call: &mut Call<'_>, table: TableHandle, length: usize) -> Result<bool, Raise> {
    if call.heap().array_size(table) < length || length > AT_ONCE {
        return Ok(false);
    }
    call.charge(length as u64)?;
    let runtime = &mut *call.runtime;
    let values = &runtime.heap.tables[table.index()].array[..length];
    match values[0] {
        Value::Number(_) => {
            // A NaN is less than nothing, and a negative zero looks different from zero.
            let plain = values.iter().all(|value| {
                matches!(value, Value::Number(number)
                    if !number.is_nan() && (*number != 0.0 || number.is_sign_positive()))
            });
            if !plain {
                return Ok(false);
            }
            if !runtime.heap.has_room(length * size_of::<f64>()) {
                return Err(Raise::OutOfMemory);
            }
            let number = |value: &Value| match value {
                Value::Number(number) => *number,
                _ => 0.0,
            };
            let mut numbers: Vec<f64> = values.iter().map(number).collect();
            numbers.sort_unstable_by(f64::total_cmp);
            let values = &mut runtime.heap.tables[table.index()].array[..length];
            for (place, number) in values.iter_mut().zip(numbers) {
                *place = Value::Number(number);
            }
        }
        Value::String(_) => {
            if !values.iter().all(|value| matches!(value, Value::String(_))) {
                return Ok(false);
            }
            if !runtime.heap.has_room(size_of_val(values)) {
                return Err(Raise::OutOfMemory);
            }
            let strings = &runtime.heap.strings;
            let bytes = |value: &Value| match value {
                Value::String(string) => strings.bytes(*string),
                _ => &[],
            };
            let mut values = values.to_vec();
            let order = |a: &Value, b: &Value| bytes(a).cmp(bytes(b));
            values.sort_unstable_by(order);
            runtime.heap.tables[table.index()].array[..length].copy_from_slice(&values);
            runtime.heap.note_moved_values(table);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn resume(call: &mut Call<'_>) -> NativeResult {
    let outcome = call.callback_result(1).is_truthy();
    call.drop_callback_results();
    if let Some(flow) = move_on(call, outcome) {
        return Ok(flow);
    }
    let state = call
        .state
        .take()
        .and_then(|state| state.downcast::<Sort>().ok());
    proceed(call, state.expect("the sort left its state"), Some(outcome))
}

/// The usual step, in place: one of the two elements moves on to its neighbour, which is in the array part, and is compared with the pivot. None if
/// it is another step; then nothing has happened.
#[inline(always)]
fn move_on(call: &mut Call<'_>, less: bool) -> Option<Flow> {
    let sort = call.state.as_mut()?.downcast_mut::<Sort>()?;
    let array = &call.runtime.heap.tables[sort.table.index()].array;
    let window: &mut [Value; ARGUMENTS + 2] =
        call.runtime.thread.stack[call.base..].first_chunk_mut()?;
    let comparator = window[COMPARATOR - 1];
    if sort.compared + 1 >= STRIDE || comparator.is_nil() {
        return None;
    }
    let goes_up = matches!(sort.phase, Phase::Up) && less;
    let (element, index) = if goes_up {
        if sort.i > sort.high {
            return None;
        }
        (array.get(sort.i as usize)?, sort.i + 1)
    } else {
        match sort.phase {
            Phase::Up => {}
            Phase::Down if less && sort.j >= sort.low => {}
            _ => return None,
        }
        (array.get((sort.j - 2) as usize)?, sort.j - 1)
    };
    sort.compared += 1;
    window[ARGUMENTS - 2] = comparator;
    if goes_up {
        sort.i = index;
        copy_value(element, &mut window[LEFT - 1]);
        copy_value(element, &mut window[ARGUMENTS - 1]);
        window[ARGUMENTS] = window[PIVOT - 1];
    } else {
        sort.j = index;
        sort.phase = Phase::Down;
        copy_value(element, &mut window[RIGHT - 1]);
        window[ARGUMENTS - 1] = window[PIVOT - 1];
        copy_value(element, &mut window[ARGUMENTS]);
    }
    call.top = call.base + ARGUMENTS + 1;
    Some(Flow::Call {
        arguments: 2,
        resume,
    })
}

fn resume_after_pause(call: &mut Call<'_>) -> NativeResult {
    call.drop_callback_results();
    let state = call
        .state
        .take()
        .and_then(|state| state.downcast::<Sort>().ok());
    let sort = state.expect("the sort left its state");
    let (a, b) = sort.phase.operands();
    ask(call, sort, a, b)
}

impl Phase {
    /// The slots whose values are being compared.
    fn operands(self) -> (usize, usize) {
        match self {
            Phase::Range | Phase::Ends | Phase::MiddleFirst => (RIGHT, LEFT),
            Phase::LastMiddle => (RIGHT, LEFT),
            Phase::Up => (LEFT, PIVOT),
            Phase::Down => (PIVOT, RIGHT),
        }
    }
}

/// Calls the comparator, or compares with `<` and its metamethods.
#[inline]
fn ask(call: &mut Call<'_>, mut sort: Box<Sort>, a: usize, b: usize) -> NativeResult {
    let mut next = (a, b);
    loop {
        if sort.compared >= STRIDE {
            sort.compared = 0;
            call.charge(u64::from(STRIDE))?;
            if call.runtime.meter.suspend_requested {
                call.runtime.meter.suspend_requested = false;
                call.state = Some(sort);
                return Ok(Flow::Suspend {
                    resume: resume_after_pause,
                });
            }
        }
        let (a, b) = (call.get(next.0), call.get(next.1));
        let comparator = call.get(COMPARATOR);
        let function = if comparator.is_nil() {
            match call.less_than(a, b)? {
                Compared::Done(outcome) => {
                    match sort.step(call, Some(outcome))? {
                        Next::Done => return Ok(Flow::Return(0)),
                        Next::Compare(a, b) => next = (a, b),
                    }
                    continue;
                }
                Compared::Handler(function) => function,
            }
        } else {
            if let Value::Function(closure) = comparator
                && let Some(outcome) = call.runtime.evaluate_leaf(closure, &[a, b])
            {
                match sort.step(call, Some(outcome.is_truthy()))? {
                    Next::Done => return Ok(Flow::Return(0)),
                    Next::Compare(a, b) => next = (a, b),
                }
                continue;
            }
            comparator
        };
        call.push_all([function, a, b]);
        call.state = Some(sort);
        return Ok(Flow::Call {
            arguments: 2,
            resume,
        });
    }
}

#[inline]
fn proceed(call: &mut Call<'_>, mut sort: Box<Sort>, outcome: Option<bool>) -> NativeResult {
    match sort.step(call, outcome)? {
        Next::Done => Ok(Flow::Return(0)),
        Next::Compare(a, b) => ask(call, sort, a, b),
    }
}

impl Sort {
    /// Brings element `index` to a slot.
    #[inline]
    fn load(&self, call: &mut Call<'_>, slot: usize, index: i64) {
        let value = call.heap().raw_get_integer(self.table, index);
        call.set(slot, value);
    }

    /// Stores what the two slots hold.
    #[inline]
    fn store(
        &self,
        call: &mut Call<'_>,
        (left, at_left): (i64, usize),
        (right, at_right): (i64, usize),
    ) -> Result<(), Raise> {
        check_writable(call, self.table)?;
        let (first, second) = (call.get(at_left), call.get(at_right));
        let heap = call.heap_mut();
        heap.raw_set_integer(self.table, left, first);
        heap.raw_set_integer(self.table, right, second);
        Ok(())
    }

    /// Takes the outcome of the last comparison and moves on to the next one.
    #[inline]
    fn step(&mut self, call: &mut Call<'_>, outcome: Option<bool>) -> Result<Next, Raise> {
        self.compared += 1;
        let less = outcome.unwrap_or(false);
        match self.phase {
            Phase::Range => Ok(self.start_range(call)),
            Phase::Ends => {
                if less {
                    self.store(call, (self.low, RIGHT), (self.high, LEFT))?;
                }
                if self.high - self.low == 1 {
                    return Ok(self.next_range(call));
                }
                self.i = (self.low + self.high) / 2;
                self.load(call, RIGHT, self.i);
                self.load(call, LEFT, self.low);
                self.phase = Phase::MiddleFirst;
                Ok(Next::Compare(RIGHT, LEFT))
            }
            Phase::MiddleFirst => {
                if less {
                    self.store(call, (self.i, LEFT), (self.low, RIGHT))?;
                    return self.partition(call);
                }
                // LEFT is the middle one now.
                let middle = call.get(RIGHT);
                call.set(LEFT, middle);
                self.load(call, RIGHT, self.high);
                self.phase = Phase::LastMiddle;
                Ok(Next::Compare(RIGHT, LEFT))
            }
            Phase::LastMiddle => {
                if less {
                    self.store(call, (self.i, RIGHT), (self.high, LEFT))?;
                }
                self.partition(call)
            }
            Phase::Up => {
                if less {
                    if self.i > self.high {
                        return Err(call.error("invalid order function for sorting"));
                    }
                    return Ok(self.move_up(call));
                }
                Ok(self.move_down(call))
            }
            Phase::Down => {
                if less {
                    if self.j < self.low {
                        return Err(call.error("invalid order function for sorting"));
                    }
                    return Ok(self.move_down(call));
                }
                if self.j < self.i {
                    return self.split(call);
                }
                self.store(call, (self.i, RIGHT), (self.j, LEFT))?;
                Ok(self.move_up(call))
            }
        }
    }

    #[inline]
    fn start_range(&mut self, call: &mut Call<'_>) -> Next {
        if self.low >= self.high {
            return self.next_range(call);
        }
        self.load(call, LEFT, self.low);
        self.load(call, RIGHT, self.high);
        self.phase = Phase::Ends;
        Next::Compare(RIGHT, LEFT)
    }

    #[inline]
    fn next_range(&mut self, call: &mut Call<'_>) -> Next {
        while let Some((low, high)) = self.ranges.pop() {
            if low < high {
                (self.low, self.high) = (low, high);
                return self.start_range(call);
            }
        }
        Next::Done
    }

    fn partition(&mut self, call: &mut Call<'_>) -> Result<Next, Raise> {
        if self.high - self.low == 2 {
            return Ok(self.next_range(call));
        }
        // The pivot waits next to the end.
        self.load(call, PIVOT, self.i);
        self.load(call, RIGHT, self.high - 1);
        self.store(call, (self.i, RIGHT), (self.high - 1, PIVOT))?;
        self.i = self.low;
        self.j = self.high - 1;
        Ok(self.move_up(call))
    }

    #[inline]
    fn move_up(&mut self, call: &mut Call<'_>) -> Next {
        self.i += 1;
        self.load(call, LEFT, self.i);
        self.phase = Phase::Up;
        Next::Compare(LEFT, PIVOT)
    }

    #[inline]
    fn move_down(&mut self, call: &mut Call<'_>) -> Next {
        self.j -= 1;
        self.load(call, RIGHT, self.j);
        self.phase = Phase::Down;
        Next::Compare(PIVOT, RIGHT)
    }

    fn split(&mut self, call: &mut Call<'_>) -> Result<Next, Raise> {
        self.load(call, LEFT, self.high - 1);
        self.load(call, RIGHT, self.i);
        self.store(call, (self.high - 1, RIGHT), (self.i, LEFT))?;
        let (left, right) = ((self.low, self.i - 1), (self.i + 1, self.high));
        let (smaller, larger) = if self.i - self.low < self.high - self.i {
            (left, right)
        } else {
            (right, left)
        };
        self.ranges.push(larger);
        (self.low, self.high) = smaller;
        Ok(self.start_range(call))
    }
}
