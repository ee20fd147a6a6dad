//! Native functions: how the host and the libraries extend Lua.
//!
//! A native function is a plain `fn(&mut Call) -> NativeResult`. Its [`Call`] shows a *window* of the stack: values 1, 2, … of the
//! window are the arguments; the function pushes what it likes on top and ends with `Ok(Flow::Return(n))`: the top `n` values are the results.
//!
//! ```ignore
//! fn repeat_twice(call: &mut Call<'_>) -> NativeResult {
//!     let text = call.check_string(1)?;                  // "bad argument #1 to 'repeat_twice' (string expected, got nil)"
//!     let mut out = call.bytes(text).to_vec();           // views are borrowed from the heap; copy out before allocating
//!     call.reserve(out.len())?;                          // only for results that can be big: the memory cap
//!     call.charge(out.len() as u64 / 16)?;               // fuel in proportion to the work
//!     out.extend_from_within(..);
//!     call.return_string(&out)
//! }
//! ```
//!
//! **Calling Lua.** There is no Rust recursion: a native never calls a function, it *asks* for the call and is resumed with
//! the results. It pushes the function and its arguments and returns `Flow::Call { arguments, resume }`; when the callee has returned, `resume` (another native
//! `fn`) runs with the same window, in which the function and arguments are replaced by all the results: they are values `call.callback_start() ..=
//! call.top()`. State lives in the window (values pushed below the function stay there) and in `call.state`, a box that is kept from one step to the next.
//! Handles inside that box are not seen by the collector: whatever must stay alive must be in the window (arguments are).
//! `Flow::ProtectedCall` also survives an error: `call.callback_failed()` then is true and the error value is the only result.
//!
//! **Allocation never fails and never collects.** The collector runs only between instructions, so a native may hold any handle in a Rust
//! local. The memory cap is checked after the native; those that can make big results call [`Call::reserve`] first.
//!
//! **Errors** are `Err(Raise)`: made by [`Call::error`] (with position), [`Call::argument_error`] and so on; pass them on with `?`.
//! `Raise::Stopped` and `Raise::OutOfMemory` come from `charge` and `reserve`; never swallow them.

use std::any::Any;

use crate::heap::Heap;
use crate::meter::Meter;
use crate::runtime::Runtime;
use crate::value::{
    NativeHandle, StringHandle, TableHandle, ThreadHandle, Type, UserdataHandle, Value,
};
use crate::vm::copy_value;

/// A native function, or one of its continuation steps.
pub type NativeFunction = fn(&mut Call<'_>) -> NativeResult;

/// What a native function ends with.
pub type NativeResult = Result<Flow, Raise>;

/// What a host puts into a VM for its natives.
pub trait Host: Any + Send {
    /// Answers the arguments of a native function: the value, or the error, goes to `answer`. For the one that is called
    /// most: finding the host by its type first costs as much as a small answer.
    fn answer(&mut self, heap: &mut Heap, arguments: &[Value], answer: &mut Value) -> Answer {
        let _ = (heap, arguments);
        *answer = Value::Nil;
        Answer::Value
    }
}

/// What a host's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A value: the result.
    Value,
    /// An error.
    Error,
    /// A value that took long to make: the host wants to be asked soon whether the run may go on, whatever fuel is left.
    LateValue,
    /// An error that took long.
    LateError,
    /// None: the run ends, and nothing in Lua can catch that.
    Stopped,
    /// None: it does not fit under the memory cap.
    OutOfMemory,
}

impl Answer {
    /// The answer without what it says of its lateness, of which the meter is told.
    #[inline(always)]
    pub(crate) fn on_time(self, meter: &mut Meter) -> Answer {
        match self {
            Answer::LateValue => {
                meter.exhaust();
                Answer::Value
            }
            Answer::LateError => {
                meter.exhaust();
                Answer::Error
            }
            on_time => on_time,
        }
    }
}

/// How a native function asks the host ([`Heap::mark_question`]).
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The fuel a call burns.
    pub work: u32,
    /// Whether an error is a result like any other.
    pub catches_errors: bool,
}

/// A row of a library: the name in its table and the function.
pub type LibraryEntry = (&'static str, NativeFunction);

/// What is at a level of the call stack, as `debug.getinfo` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPlace {
    /// A native function.
    pub is_native: bool,
    /// The chunk's name as it was given; `=[C]` for a native function, `=(tail call)` for a call that another has replaced.
    pub source: Vec<u8>,
    /// The line it stands at, 1-based; of Lua functions only.
    pub line: Option<u32>,
}

/// An error on its way up.
#[derive(Clone, Copy, Debug)]
pub enum Raise {
    /// A Lua error with its value: what `pcall` returns.
    Error(Value),
    /// There is no room left for a call, or an error handler failed again and again: becomes the Lua error "error in error handling",
    /// which no handler sees.
    NoRoomForHandler,
    /// The memory cap is reached: becomes the Lua error "not enough memory".
    OutOfMemory,
    /// The host stopped the run: nothing in Lua can catch it.
    Stopped,
}

/// How a native function (step) ends.
#[derive(Clone, Copy)]
pub enum Flow {
    /// Returns the top `n` values of the window.
    Return(usize),
    /// Calls the value below the top `arguments` values with them, then resumes at `resume`.
    Call {
        /// How many arguments are on the top.
        arguments: usize,
        /// The step that runs with the results.
        resume: NativeFunction,
    },
    /// Returns whatever the value below the top `arguments` values returns for them.
    TailCall {
        /// How many arguments are on the top.
        arguments: usize,
    },
    /// Like `Call`, but an error resumes the function too, with `callback_failed()` true and the error value as the only result.
    ProtectedCall {
        /// How many arguments are on the top.
        arguments: usize,
        /// Called with the error value where the error happened; its result becomes the error value.
        handler: Option<Value>,
        /// The step that runs with the results.
        resume: NativeFunction,
    },
    /// Suspends the whole run (`Outcome::Suspended`); the values the host resumes it with are handed to `resume` as if they were results of a call.
    Suspend {
        /// The step that runs when the host resumes.
        resume: NativeFunction,
    },
    /// Resumes a coroutine with the top `arguments` values; `resume` runs when it yields, ends or fails
    /// (then `callback_failed()` is true).
    ResumeThread {
        /// The coroutine; must be resumable.
        thread: ThreadHandle,
        /// How many arguments are on the top.
        arguments: usize,
        /// The step that runs with what it yielded or returned.
        resume: NativeFunction,
    },
    /// Yields the top `n` values from the running coroutine; the function returns the values it is resumed with.
    Yield(usize),
}

/// What reading a field with metamethods comes to.
#[derive(Clone, Copy, Debug)]
pub enum Indexed {
    /// The value.
    Done(Value),
    /// A function must be called with `(object, key)` for it (see [`Call::push_index_call`]).
    Handler {
        /// The `__index` function.
        function: Value,
        /// The object to pass: the last one in the `__index` chain.
        object: Value,
    },
}

/// What comparing with metamethods comes to.
#[derive(Clone, Copy, Debug)]
pub enum Compared {
    /// The outcome.
    Done(bool),
    /// A metamethod must be called with both operands; the outcome is its first result's truth.
    Handler(Value),
}

/// A running native function's view of the VM.
pub struct Call<'a> {
    /// Heap, fuel and the rest of the running VM. Public so that disjoint parts can be borrowed at once:
    /// `call.runtime.heap.bytes(text)` beside `call.runtime.meter.charge(n)?`.
    pub runtime: &'a mut Runtime,
    /// Private state of a function that runs in steps: kept between them, dropped when the function ends.
    pub state: Option<Box<dyn Any + Send>>,
    pub(crate) function: NativeHandle,
    pub(crate) base: usize,
    pub(crate) top: usize,
    pub(crate) arguments: usize,
    pub(crate) callback_start: usize,
    pub(crate) failed: bool,
}

impl Call<'_> {
    // ---- the window ------------------------------------------------------------------------------

    /// The number of arguments the function was called with.
    #[inline]
    pub fn argument_count(&self) -> usize {
        self.arguments
    }

    /// Argument `n` (from 1); nil if there is none.
    #[inline(always)]
    pub fn argument(&self, n: usize) -> Value {
        if n <= self.arguments {
            self.get(n)
        } else {
            Value::Nil
        }
    }

    /// Whether fewer than `n` arguments were passed.
    #[inline]
    pub fn is_none(&self, n: usize) -> bool {
        n > self.arguments
    }

    /// Whether argument `n` is missing or nil.
    #[inline]
    pub fn is_none_or_nil(&self, n: usize) -> bool {
        self.argument(n).is_nil()
    }

    /// Value `n` (from 1) of the window; nil beyond its end.
    #[inline]
    pub fn get(&self, n: usize) -> Value {
        let slot = self.base + n - 1;
        if slot < self.top {
            self.runtime.thread.stack[slot]
        } else {
            Value::Nil
        }
    }

    /// Replaces value `n` (from 1, within the window).
    #[inline]
    pub fn set(&mut self, n: usize, value: Value) {
        debug_assert!(n >= 1 && n <= self.top());
        self.runtime.thread.stack[self.base + n - 1] = value;
    }

    /// The number of values in the window.
    #[inline]
    pub fn top(&self) -> usize {
        self.top - self.base
    }

    /// Shortens the window to `n` values, or lengthens it with nils.
    #[inline]
    pub fn set_top(&mut self, n: usize) {
        while self.top() < n {
            self.push(Value::Nil);
        }
        self.top = self.base + n;
    }

    /// Puts a value on the top of the window.
    #[inline]
    pub fn push(&mut self, value: impl Into<Value>) {
        self.runtime.ensure_stack(self.top + 1);
        self.runtime.thread.stack[self.top] = value.into();
        self.top += 1;
    }

    /// Puts values on the top of the window.
    #[inline]
    pub(crate) fn push_all<const N: usize>(&mut self, values: [Value; N]) {
        self.runtime.ensure_stack(self.top + N);
        self.runtime.thread.stack[self.top..self.top + N].copy_from_slice(&values);
        self.top += N;
    }

    /// Puts `count` elements of a table, from index `first` on, on the top of the window.
    pub(crate) fn push_elements(&mut self, table: TableHandle, first: i64, count: usize) {
        let end = self.top + count;
        self.runtime.ensure_stack(end);
        let runtime = &mut *self.runtime;
        let places = &mut runtime.thread.stack[self.top..end];
        let start = usize::try_from(first.wrapping_sub(1)).unwrap_or(usize::MAX);
        let array = &runtime.heap.tables[table.index()].array;
        match array.get(start..start.saturating_add(count)) {
            Some(elements) => {
                for (place, element) in places.iter_mut().zip(elements) {
                    copy_value(element, place);
                }
            }
            None => {
                for (index, place) in (first..).zip(places) {
                    *place = runtime.heap.raw_get_integer(table, index);
                }
            }
        }
        self.top = end;
    }

    /// Takes the top value off the window; nil if it is empty.
    #[inline]
    pub fn pop(&mut self) -> Value {
        if self.top == self.base {
            return Value::Nil;
        }
        self.top -= 1;
        self.runtime.thread.stack[self.top]
    }

    /// In a `resume` step: the position of the first result of the call that was asked for.
    #[inline]
    pub fn callback_start(&self) -> usize {
        self.callback_start - self.base + 1
    }

    /// In a `resume` step: the number of results of the call that was asked for.
    #[inline]
    pub fn callback_results(&self) -> usize {
        self.top - self.callback_start
    }

    /// In a `resume` step: result `n` (from 1) of the call that was asked for; nil if there are fewer.
    #[inline]
    pub fn callback_result(&self, n: usize) -> Value {
        self.get(self.callback_start() + n - 1)
    }

    /// In a `resume` step: drops the results of the call, so that the window is as it was before the function was pushed.
    #[inline]
    pub fn drop_callback_results(&mut self) {
        self.top = self.callback_start;
    }

    /// In the `resume` step of a protected call: whether it failed.
    pub fn callback_failed(&self) -> bool {
        self.failed
    }

    /// Upvalue `n` (from 0) of the function; nil if there is none.
    #[inline]
    pub fn upvalue(&self, n: usize) -> Value {
        self.heap().native_upvalue(self.function, n)
    }

    /// Sets upvalue `n` (from 0), which must have been given when the function was made.
    #[inline]
    pub fn set_upvalue(&mut self, n: usize, value: Value) {
        let function = self.function;
        self.runtime.heap.set_native_upvalue(function, n, value);
    }

    // ---- heap, fuel, host ------------------------------------------------------------------------

    /// The heap.
    #[inline]
    pub fn heap(&self) -> &Heap {
        &self.runtime.heap
    }

    /// The heap, to change it.
    #[inline]
    pub fn heap_mut(&mut self) -> &mut Heap {
        &mut self.runtime.heap
    }

    /// The bytes of a string.
    #[inline]
    pub fn bytes(&self, string: StringHandle) -> &[u8] {
        self.runtime.heap.bytes(string)
    }

    /// Makes a string.
    #[inline]
    pub fn new_string(&mut self, bytes: &[u8]) -> StringHandle {
        self.runtime.heap.new_string(bytes)
    }

    /// Makes a table with room for so many array and hash entries.
    pub fn new_table(&mut self, array: usize, hash: usize) -> TableHandle {
        self.runtime.heap.new_table(array, hash)
    }

    /// Burns fuel; see [`Meter::charge`](crate::meter::Meter::charge).
    #[inline]
    pub fn charge(&mut self, units: u64) -> Result<(), Raise> {
        self.runtime.meter.charge(units)
    }

    /// Fails with "not enough memory" if `bytes` more would pass the memory cap. To be called before making something big.
    #[inline]
    pub fn reserve(&self, bytes: usize) -> Result<(), Raise> {
        if self.runtime.heap.has_room(bytes) {
            Ok(())
        } else {
            Err(Raise::OutOfMemory)
        }
    }

    /// The host state of type `T` that was put into the VM, if there is one.
    pub fn host<T: Any>(&mut self) -> Option<&mut T> {
        let host: &mut dyn Any = self.runtime.host.as_deref_mut()?;
        host.downcast_mut()
    }

    /// The host state together with the heap, to make values straight from it.
    pub fn host_and_heap<T: Any>(&mut self) -> Option<(&mut T, &mut Heap)> {
        let runtime = &mut *self.runtime;
        let host: &mut dyn Any = runtime.host.as_deref_mut()?;
        Some((host.downcast_mut()?, &mut runtime.heap))
    }

    /// Has the host answer the function's arguments; its answer goes to `answer`.
    pub fn ask_host(&mut self, answer: &mut Value) -> Answer {
        let runtime = &mut *self.runtime;
        let arguments = runtime
            .thread
            .stack
            .get(self.base..self.base + self.arguments);
        match (&mut runtime.host, arguments) {
            (Some(host), Some(arguments)) => host.answer(&mut runtime.heap, arguments, answer),
            _ => Answer::Value,
        }
    }

    /// All there is to do for a native function that asks the host.
    ///
    /// # Errors
    /// Where the host's answer is none, or an error that is not to be caught.
    pub fn put_question(&mut self, question: Question) -> NativeResult {
        self.runtime.meter.burn(u64::from(question.work));
        let mut answer = Value::Nil;
        let kind = self.ask_host(&mut answer);
        match kind.on_time(&mut self.runtime.meter) {
            Answer::Error if !question.catches_errors => Err(Raise::Error(answer)),
            Answer::Stopped => Err(Raise::Stopped),
            Answer::OutOfMemory => Err(Raise::OutOfMemory),
            _ => self.return_value(answer),
        }
    }

    // ---- arguments -------------------------------------------------------------------------------

    /// Argument `n`, which must be there (nil counts).
    pub fn check_any(&mut self, n: usize) -> Result<Value, Raise> {
        if self.is_none(n) {
            return Err(self.argument_error(n, "value expected"));
        }
        Ok(self.argument(n))
    }

    /// Argument `n` as a number; strings are converted.
    #[inline(always)]
    pub fn check_number(&mut self, n: usize) -> Result<f64, Raise> {
        match self.argument(n) {
            Value::Number(number) => Ok(number),
            value => self.convert_to_number(n, value),
        }
    }

    #[cold]
    fn convert_to_number(&mut self, n: usize, value: Value) -> Result<f64, Raise> {
        match self.runtime.heap.to_number(value) {
            Some(number) => Ok(number),
            None => Err(self.type_error(n, "number")),
        }
    }

    /// Argument `n` as an integer, truncated as C does on 64-bit machines (out of range: the smallest one).
    #[inline]
    pub fn check_integer(&mut self, n: usize) -> Result<i64, Raise> {
        Ok(crate::value::to_integer(self.check_number(n)?))
    }

    /// Argument `n` as a string; a number is converted, and replaced in the window.
    #[inline]
    pub fn check_string(&mut self, n: usize) -> Result<StringHandle, Raise> {
        match self.argument(n) {
            Value::String(string) => Ok(string),
            Value::Number(number) => {
                let string = self.runtime.heap.number_to_string(number);
                self.set(n, Value::String(string));
                Ok(string)
            }
            _ => Err(self.type_error(n, "string")),
        }
    }

    /// Argument `n` as a table.
    #[inline]
    pub fn check_table(&mut self, n: usize) -> Result<TableHandle, Raise> {
        match self.argument(n) {
            Value::Table(table) => Ok(table),
            _ => Err(self.type_error(n, "table")),
        }
    }

    /// Argument `n`, which must be of the given type.
    pub fn check_type(&mut self, n: usize, expected: Type) -> Result<Value, Raise> {
        let value = self.argument(n);
        if self.is_none(n) || value.kind() != expected {
            return Err(self.type_error(n, expected.name()));
        }
        Ok(value)
    }

    /// Argument `n` as a number, or the default if it is missing or nil.
    pub fn optional_number(&mut self, n: usize, default: f64) -> Result<f64, Raise> {
        if self.is_none_or_nil(n) {
            Ok(default)
        } else {
            self.check_number(n)
        }
    }

    /// Argument `n` as an integer, or the default if it is missing or nil.
    pub fn optional_integer(&mut self, n: usize, default: i64) -> Result<i64, Raise> {
        if self.is_none_or_nil(n) {
            Ok(default)
        } else {
            self.check_integer(n)
        }
    }

    /// Argument `n` as a string, or none if it is missing or nil.
    pub fn optional_string(&mut self, n: usize) -> Result<Option<StringHandle>, Raise> {
        if self.is_none_or_nil(n) {
            Ok(None)
        } else {
            self.check_string(n).map(Some)
        }
    }

    /// Argument `n` as one of the given words: its index. A missing argument means `default`. A word ends at a zero byte.
    pub fn check_option(
        &mut self,
        n: usize,
        default: Option<&str>,
        options: &[&str],
    ) -> Result<usize, Raise> {
        let word = match (self.is_none_or_nil(n), default) {
            (true, Some(default)) => default.as_bytes().to_vec(),
            _ => {
                let string = self.check_string(n)?;
                let mut word = self.bytes(string).to_vec();
                if let Some(end) = word.iter().position(|&byte| byte == 0) {
                    word.truncate(end);
                }
                word
            }
        };
        match options.iter().position(|option| option.as_bytes() == word) {
            Some(index) => Ok(index),
            None => {
                let message = [b"invalid option '".as_slice(), &word, b"'"].concat();
                Err(self.argument_error(n, message))
            }
        }
    }

    // ---- results ---------------------------------------------------------------------------------

    /// Ends the function with one result.
    #[inline]
    pub fn return_value(&mut self, value: impl Into<Value>) -> NativeResult {
        self.push(value);
        Ok(Flow::Return(1))
    }

    /// Ends the function with a string as its result.
    #[inline]
    pub fn return_string(&mut self, bytes: &[u8]) -> NativeResult {
        let string = self.new_string(bytes);
        self.return_value(string)
    }

    /// Ends the function with these results.
    pub fn return_values(&mut self, values: &[Value]) -> NativeResult {
        for &value in values {
            self.push(value);
        }
        Ok(Flow::Return(values.len()))
    }

    // ---- tables ----------------------------------------------------------------------------------

    /// Writes a table without metamethods, with the errors a program sees (nil or NaN key, read-only table).
    pub fn raw_set(&mut self, table: TableHandle, key: Value, value: Value) -> Result<(), Raise> {
        self.runtime
            .heap
            .raw_set(table, key, value)
            .map_err(|error| self.error_without_position(error.to_string()))
    }

    /// Fails if the table is read-only: for functions that then write with `raw_set_integer`.
    pub fn check_writable(&mut self, table: TableHandle) -> Result<(), Raise> {
        if self.heap().is_readonly(table) {
            return Err(self.error_without_position(crate::table::TableError::Readonly.to_string()));
        }
        Ok(())
    }

    // ---- metamethods -----------------------------------------------------------------------------

    /// The field `name` of a value's metatable; nil if it has none.
    pub fn metafield(&mut self, value: Value, name: &str) -> Value {
        self.runtime.heap.metafield(value, name)
    }

    /// Reads `object[key]` with `__index` (as `lua_gettable` does).
    pub fn index(&mut self, object: Value, key: Value) -> Result<Indexed, Raise> {
        self.runtime.index_value(object, key)
    }

    /// Pushes the call an [`Indexed::Handler`] asks for; follow with `Flow::Call { arguments: 2, … }`.
    pub fn push_index_call(&mut self, function: Value, object: Value, key: Value) {
        self.push_all([function, object, key]);
    }

    /// Compares `a < b` as the operator does (as `lua_lessthan`).
    pub fn less_than(&mut self, a: Value, b: Value) -> Result<Compared, Raise> {
        self.runtime.less_than_values(a, b)
    }

    // ---- errors ----------------------------------------------------------------------------------

    /// A Lua error with the position of the Lua code that called this function in front of the message (`luaL_error`).
    #[cold]
    pub fn error(&mut self, message: impl AsRef<[u8]>) -> Raise {
        let mut text = self.runtime.position(1);
        text.extend_from_slice(message.as_ref());
        Raise::Error(self.new_string(&text).into())
    }

    /// Where the Lua function stands that is so many levels up, 1 being the caller: its chunk's name and the line, as
    /// `chunk:line: `. Empty if a native function is there, or none.
    pub fn position(&self, level: usize) -> Vec<u8> {
        self.runtime.position(level)
    }

    /// What is at a level of the call stack, 1 being the caller; none if there are not so many.
    pub fn place(&self, level: usize) -> Option<CallPlace> {
        self.runtime.call_place(level)
    }

    /// A Lua error without a position.
    #[cold]
    pub fn error_without_position(&mut self, message: impl AsRef<[u8]>) -> Raise {
        Raise::Error(self.new_string(message.as_ref()).into())
    }

    /// `bad argument #n to 'f' (message)` (`luaL_argerror`): knows the function's name and whether it was called as a method.
    #[cold]
    pub fn argument_error(&mut self, n: usize, message: impl AsRef<[u8]>) -> Raise {
        let text = self.runtime.argument_error_message(n, message.as_ref());
        self.error(text)
    }

    /// `bad argument #n to 'f' (expected expected, got …)` (`luaL_typerror`).
    #[cold]
    pub fn type_error(&mut self, n: usize, expected: &str) -> Raise {
        let actual = if self.is_none(n) {
            "no value"
        } else {
            self.argument(n).type_name()
        };
        self.argument_error(n, format!("{expected} expected, got {actual}"))
    }

    // ---- userdata --------------------------------------------------------------------------------

    /// The host object inside a full userdata, if it is a `T`.
    pub fn userdata<T: Any>(&mut self, handle: UserdataHandle) -> Option<&mut T> {
        self.runtime.heap.userdata_mut(handle)
    }
}
