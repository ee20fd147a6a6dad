//! The dispatch loop.
//!
//! Everything fast is in this one function, with the program counter, the register window and the code and constants of the running
//! function in locals. What an instruction cannot do fast it leaves to [`Runtime::execute_slowly`]: the loop is left with the
//! program counter saved, the instruction is executed in full generality, and the loop is entered again with the frame that then is
//! on top. A register window is an array of 256 slots, so that an 8-bit operand can never be out of bounds.

use super::arithmetic;
use super::call::{MAX_FRAMES, Step, move_down};
use super::{Exit, Leave};
use crate::heap::Upvalue;
use crate::loaded::CodeEntry;
use crate::meter::Decision;
use crate::native::Raise;
use crate::opcode::{Opcode, decode_float_byte};
use crate::runtime::Runtime;
use crate::thread::{Finish, Frame, Thread, WINDOW};
use crate::value::{ClosureHandle, Value, copy_value};

/// Why the fast loop was left.
enum Pause {
    /// The instruction needs the slow path.
    Instruction,
    /// A call of a native function, or one that needs more than pushing a frame.
    Call,
    /// The same for the function of a generic `for`.
    Iterator,
    /// A return to something else than a plain call, or with captured registers.
    Return,
    /// The fuel is used up; the program counter is where to go on.
    Fuel,
    /// The collector or the memory cap needs attention.
    Memory,
    /// The hook wants to know of the instruction.
    Hook,
}

#[inline(always)]
fn window(stack: &mut [Value], base: usize) -> &mut [Value; WINDOW] {
    stack[base..]
        .first_chunk_mut()
        .expect("every frame has a full window above its base")
}

/// Makes `want` results (negative: all) of the `count` ones that are in place.
#[inline(always)]
fn finish_results(
    stack: &mut [Value],
    top: &mut usize,
    destination: usize,
    count: usize,
    want: i16,
) {
    if want < 0 {
        *top = destination + count;
    } else if (want as usize) > count {
        stack[destination + count..destination + want as usize].fill(Value::Nil);
    }
}

/// Executes the top frame and those it calls, until the run is left or code is missing. If `HOOKED`, the VM's hook is asked before each instruction.
pub(super) fn dispatch<const HOOKED: bool>(entries: &[CodeEntry], runtime: &mut Runtime) -> Leave {
    'frame: loop {
        // Natives that call one function after the other never come to an instruction that burns fuel.
        if runtime.meter.is_empty() && !runtime.thread.frames.is_empty() {
            let step = match runtime.out_of_fuel() {
                Ok(()) => Step::Run,
                Err(None) => return Leave::Exit(Exit::Suspended),
                Err(Some(raise)) => runtime.raise(raise),
            };
            match step {
                Step::Run => {}
                Step::Exit(exit) => return Leave::Exit(exit),
            }
        }
        let Runtime {
            heap,
            meter,
            thread,
            current,
            hooks,
            ..
        } = &mut *runtime;
        let Thread {
            stack,
            frames,
            open,
            top,
            native_depth,
            ..
        } = &mut **thread;
        let Some(frame) = frames.last() else {
            return Leave::Exit(Exit::Finished);
        };
        let Some(entry) = entries.get(frame.proto as usize) else {
            return Leave::CodeMissing;
        };
        let mut code = &*entry.code;
        let mut constants = &*entry.constants;
        let mut pc = frame.pc as usize;
        let mut base = frame.base as usize;
        let mut closure = ClosureHandle(frame.callee);
        let mut registers = window(stack, base);
        let mut instruction;

        macro_rules! pause {
            ($why:ident) => {
                break Pause::$why
            };
        }
        macro_rules! a {
            () => {
                registers[instruction.a() as usize]
            };
        }
        macro_rules! b {
            () => {
                registers[instruction.b() as usize]
            };
        }
        macro_rules! c {
            () => {
                registers[instruction.c() as usize]
            };
        }
        macro_rules! kb {
            () => {
                constants[instruction.b() as usize]
            };
        }
        macro_rules! kc {
            () => {
                constants[instruction.c() as usize]
            };
        }
        macro_rules! burn {
            () => {
                meter.fuel -= 1;
                if meter.fuel < 0 {
                    pause!(Fuel);
                }
            };
        }
        macro_rules! condition {
            ($outcome:expr) => {
                if ($outcome) == (instruction.c() != 0) {
                    let offset = code[pc].sj();
                    pc = (pc as isize + 1 + offset as isize) as usize;
                    if offset < 0 {
                        burn!();
                    }
                } else {
                    pc += 1;
                }
            };
        }
        macro_rules! arithmetic {
            ($left:expr, $right:expr, $x:ident, $y:ident, $result:expr) => {
                match ($left, $right) {
                    (Value::Number($x), Value::Number($y)) => a!() = Value::Number($result),
                    _ => pause!(Instruction),
                }
            };
        }
        macro_rules! compare {
            ($left:expr, $right:expr, $operator:tt) => {
                match ($left, $right) {
                    (Value::Number(x), Value::Number(y)) => {
                        condition!(x $operator y);
                    }
                    _ => pause!(Instruction),
                }
            };
        }
        macro_rules! store {
            ($key:expr, $value:expr) => {{
                let key = $key;
                let Value::Table(handle) = a!() else {
                    pause!(Instruction)
                };
                let table = &mut heap.tables[handle.index()];
                if table.readonly {
                    pause!(Instruction);
                }
                // A value that is there is replaced whatever the metatable says.
                let is_plain = table.metatable.is_none();
                match key {
                    Value::Number(number) => {
                        if let Some(slot) = table.array_slot(number)
                            && (is_plain || !slot.is_nil())
                        {
                            copy_value!($value => *slot);
                            heap.barrier(handle, $value);
                            continue;
                        }
                    }
                    Value::String(string) => {
                        if let Some(slot) = table.short_slot(string)
                            && (is_plain || !slot.is_nil())
                        {
                            copy_value!($value => *slot);
                            heap.barrier(handle, $value);
                            continue;
                        }
                    }
                    _ => {}
                }
                if !is_plain || heap.store(handle, key, $value).is_err() {
                    pause!(Instruction);
                }
                if heap.needs_attention() {
                    pause!(Memory);
                }
            }};
        }

        // Goes on in the function whose frame was just pushed.
        macro_rules! enter {
            ($entry:expr, $callee:expr, $base:expr, $arguments:expr) => {{
                let entry = $entry;
                let (arguments, parameters) = ($arguments, entry.parameters as usize);
                if arguments < parameters {
                    registers[arguments..parameters].fill(Value::Nil);
                }
                code = &entry.code;
                constants = &entry.constants;
                pc = 0;
                base = $base;
                closure = $callee;
            }};
        }
        // Goes on in the function whose frame is on top again.
        macro_rules! leave {
            () => {{
                let Some(caller) = frames.last() else {
                    return Leave::Exit(Exit::Finished);
                };
                let entry = &entries[caller.proto as usize];
                code = &entry.code;
                constants = &entry.constants;
                pc = caller.pc as usize;
                base = caller.base as usize;
                closure = ClosureHandle(caller.callee);
                registers = window(stack, base);
            }};
        }

        let pause = loop {
            instruction = code[pc];
            pc += 1;
            if HOOKED && hooks.must_ask() {
                pause!(Hook);
            }
            match instruction.opcode() {
                Opcode::Move => copy_value!(b!() => a!()),
                Opcode::LoadK => a!() = constants[instruction.bx() as usize],
                Opcode::LoadKx => {
                    a!() = constants[code[pc].0 as usize];
                    pc += 1;
                }
                Opcode::LoadInteger => a!() = Value::Number(f64::from(instruction.sbx())),
                Opcode::LoadNil => {
                    let first = instruction.a() as usize;
                    let last = first + instruction.b() as usize;
                    registers[first..=last].fill(Value::Nil);
                }
                Opcode::LoadTrue => a!() = Value::Boolean(true),
                Opcode::LoadFalse => a!() = Value::Boolean(false),
                Opcode::LoadFalseSkip => {
                    a!() = Value::Boolean(false);
                    pc += 1;
                }
                Opcode::GetUpvalue => {
                    let upvalue = heap.closures[closure.index()].upvalues[instruction.b() as usize];
                    match &heap.upvalues[upvalue.index()] {
                        Upvalue::Closed(value) => copy_value!(*value => a!()),
                        Upvalue::Open { thread, slot } if thread == current => {
                            let target = base + instruction.a() as usize;
                            copy_value!(stack[*slot as usize] => stack[target]);
                            registers = window(stack, base);
                        }
                        Upvalue::Open { thread, slot } => {
                            a!() = heap.threads[thread.index()].stack[*slot as usize];
                        }
                    }
                }
                Opcode::SetUpvalue => {
                    let upvalue = heap.closures[closure.index()].upvalues[instruction.b() as usize];
                    match &mut heap.upvalues[upvalue.index()] {
                        Upvalue::Closed(place) => {
                            copy_value!(a!() => *place);
                            heap.barrier_upvalue(upvalue, a!());
                        }
                        Upvalue::Open { thread, slot } if thread == current => {
                            let from = base + instruction.a() as usize;
                            copy_value!(stack[from] => stack[*slot as usize]);
                            registers = window(stack, base);
                            heap.barrier_upvalue(upvalue, a!());
                        }
                        Upvalue::Open { thread, slot } => {
                            let (thread, slot) = (*thread, *slot as usize);
                            heap.threads[thread.index()].stack[slot] = a!();
                            heap.barrier_upvalue(upvalue, a!());
                        }
                    }
                }
                Opcode::GetGlobal => {
                    let environment = heap.closures[closure.index()].environment;
                    let Value::String(key) = constants[instruction.bx() as usize] else {
                        pause!(Instruction)
                    };
                    let value = heap.tables[environment.index()].get_short(key);
                    if value.is_nil() {
                        pause!(Instruction);
                    }
                    a!() = value;
                }
                Opcode::SetGlobal => {
                    let environment = heap.closures[closure.index()].environment;
                    let Value::String(key) = constants[instruction.bx() as usize] else {
                        pause!(Instruction)
                    };
                    let value = a!();
                    let table = &mut heap.tables[environment.index()];
                    if table.readonly {
                        pause!(Instruction);
                    }
                    match table.short_slot(key) {
                        Some(slot) if !slot.is_nil() => *slot = value,
                        _ => pause!(Instruction),
                    }
                    heap.barrier(environment, value);
                }
                Opcode::NewTable => {
                    let array = decode_float_byte(instruction.b()) as usize;
                    let hash = decode_float_byte(instruction.c()) as usize;
                    a!() = Value::Table(heap.new_table(array, hash));
                    if heap.needs_attention() {
                        pause!(Memory);
                    }
                }
                Opcode::GetTable => {
                    let Value::Table(handle) = b!() else {
                        pause!(Instruction)
                    };
                    let table = &heap.tables[handle.index()];
                    let value = match c!() {
                        Value::Number(number) => table.get_number(number),
                        Value::String(string) if !string.is_long() => table.get_short(string),
                        _ => pause!(Instruction),
                    };
                    if value.is_nil() && table.metatable.is_some() {
                        pause!(Instruction);
                    }
                    a!() = value;
                }
                Opcode::GetField => {
                    let Value::String(key) = kc!() else {
                        pause!(Instruction)
                    };
                    let value = match b!() {
                        Value::Table(handle) => heap.tables[handle.index()].get_short(key),
                        _ => Value::Nil,
                    };
                    a!() = if value.is_nil() {
                        match heap.find_field(b!(), key) {
                            Some(value) => value,
                            None => pause!(Instruction),
                        }
                    } else {
                        value
                    };
                }
                Opcode::GetInteger => {
                    let Value::Table(handle) = b!() else {
                        pause!(Instruction)
                    };
                    let table = &heap.tables[handle.index()];
                    let index = instruction.c() as usize;
                    let value = match table.array.get(index.wrapping_sub(1)) {
                        Some(&value) => value,
                        None => table.get_number(index as f64),
                    };
                    if value.is_nil() && table.metatable.is_some() {
                        pause!(Instruction);
                    }
                    a!() = value;
                }
                Opcode::SetTable => store!(b!(), c!()),
                Opcode::SetTableK => store!(b!(), kc!()),
                Opcode::SetField => store!(kb!(), c!()),
                Opcode::SetFieldK => store!(kb!(), kc!()),
                Opcode::SetInteger => store!(Value::Number(f64::from(instruction.b())), c!()),
                Opcode::SelfField => {
                    let object = b!();
                    let Value::String(key) = kc!() else {
                        pause!(Instruction)
                    };
                    let Some(value) = heap.find_field(object, key) else {
                        pause!(Instruction)
                    };
                    a!() = value;
                    registers[instruction.a().wrapping_add(1) as usize] = object;
                }
                Opcode::Add => arithmetic!(b!(), c!(), x, y, x + y),
                Opcode::Sub => arithmetic!(b!(), c!(), x, y, x - y),
                Opcode::Mul => arithmetic!(b!(), c!(), x, y, x * y),
                Opcode::Div => arithmetic!(b!(), c!(), x, y, x / y),
                Opcode::Mod => arithmetic!(b!(), c!(), x, y, arithmetic::modulo(x, y)),
                Opcode::Pow => arithmetic!(b!(), c!(), x, y, arithmetic::power(x, y)),
                Opcode::AddK => arithmetic!(b!(), kc!(), x, y, x + y),
                Opcode::SubK => arithmetic!(b!(), kc!(), x, y, x - y),
                Opcode::MulK => arithmetic!(b!(), kc!(), x, y, x * y),
                Opcode::DivK => arithmetic!(b!(), kc!(), x, y, x / y),
                Opcode::ModK => arithmetic!(b!(), kc!(), x, y, arithmetic::modulo(x, y)),
                Opcode::PowK => arithmetic!(b!(), kc!(), x, y, arithmetic::power(x, y)),
                Opcode::KAdd => arithmetic!(kb!(), c!(), x, y, x + y),
                Opcode::KSub => arithmetic!(kb!(), c!(), x, y, x - y),
                Opcode::KMul => arithmetic!(kb!(), c!(), x, y, x * y),
                Opcode::KDiv => arithmetic!(kb!(), c!(), x, y, x / y),
                Opcode::KMod => arithmetic!(kb!(), c!(), x, y, arithmetic::modulo(x, y)),
                Opcode::KPow => arithmetic!(kb!(), c!(), x, y, arithmetic::power(x, y)),
                Opcode::Negate => match b!() {
                    Value::Number(number) => a!() = Value::Number(-number),
                    _ => pause!(Instruction),
                },
                Opcode::Not => a!() = Value::Boolean(!b!().is_truthy()),
                Opcode::Length => match b!() {
                    Value::Table(table) => {
                        let length = heap.tables[table.index()].length();
                        a!() = Value::Number(length as f64);
                    }
                    Value::String(string) => a!() = Value::Number(heap.bytes(string).len() as f64),
                    _ => pause!(Instruction),
                },
                Opcode::Jump => {
                    let offset = instruction.sj();
                    pc = (pc as isize + offset as isize) as usize;
                    if offset < 0 {
                        burn!();
                    }
                }
                Opcode::Eq => {
                    let (left, right) = (a!(), b!());
                    let equal = left.is_identical(right);
                    if !equal && heap.equality_is_open(left, right) {
                        pause!(Instruction);
                    }
                    condition!(equal);
                }
                Opcode::EqK => {
                    let (left, right) = (a!(), kb!());
                    let equal = left.is_identical(right);
                    if !equal && heap.equality_is_open(left, right) {
                        pause!(Instruction);
                    }
                    condition!(equal);
                }
                Opcode::Lt => compare!(a!(), b!(), <),
                Opcode::Le => compare!(a!(), b!(), <=),
                Opcode::LtK => compare!(a!(), kb!(), <),
                Opcode::LeK => compare!(a!(), kb!(), <=),
                Opcode::GtK => compare!(kb!(), a!(), <),
                Opcode::GeK => compare!(kb!(), a!(), <=),
                Opcode::Test => {
                    condition!(a!().is_truthy());
                }
                Opcode::TestSet => {
                    let value = b!();
                    let truth = value.is_truthy();
                    if truth == (instruction.c() != 0) {
                        a!() = value;
                    }
                    condition!(truth);
                }
                Opcode::Call => {
                    meter.fuel -= 1;
                    if meter.fuel < 0 {
                        pc -= 1;
                        pause!(Fuel);
                    }
                    let Value::Function(callee) = a!() else {
                        pause!(Call)
                    };
                    let number = heap.closures[callee.index()].proto;
                    let Some(entry) = entries.get(number as usize) else {
                        pause!(Call)
                    };
                    let function = base + instruction.a() as usize;
                    let callee_base = function + 1;
                    if entry.is_vararg
                        || frames.len() >= MAX_FRAMES
                        || stack.len() < callee_base + WINDOW
                    {
                        pause!(Call);
                    }
                    if let Some(caller) = frames.last_mut() {
                        caller.pc = pc as u32;
                    }
                    frames.push(Frame {
                        function: function as u32,
                        base: callee_base as u32,
                        pc: 0,
                        proto: number,
                        callee: callee.0,
                        tail_calls: 0,
                        want: i16::from(instruction.c()) - 1,
                        finish: Finish::Call,
                        scanned: 0,
                    });
                    registers = window(stack, callee_base);
                    let arguments = match instruction.b() {
                        0 => top.saturating_sub(callee_base),
                        b => b as usize - 1,
                    };
                    enter!(entry, callee, callee_base, arguments);
                }
                Opcode::TailCall => {
                    meter.fuel -= 1;
                    if meter.fuel < 0 {
                        pc -= 1;
                        pause!(Fuel);
                    }
                    let Value::Function(callee) = a!() else {
                        pause!(Instruction)
                    };
                    let number = heap.closures[callee.index()].proto;
                    let (Some(entry), Some(frame)) =
                        (entries.get(number as usize), frames.last_mut())
                    else {
                        pause!(Instruction)
                    };
                    if entry.is_vararg || open.last().is_some_and(|open| open.slot as usize >= base)
                    {
                        pause!(Instruction);
                    }
                    let function = base + instruction.a() as usize;
                    let arguments = match instruction.b() {
                        0 => top.saturating_sub(function + 1),
                        b => b as usize - 1,
                    };
                    let target = frame.function as usize;
                    frame.base = target as u32 + 1;
                    frame.proto = number;
                    frame.callee = callee.0;
                    frame.tail_calls = frame.tail_calls.saturating_add(1);
                    move_down(stack, function, arguments + 1, target);
                    registers = window(stack, target + 1);
                    enter!(entry, callee, target + 1, arguments);
                }
                Opcode::Return1 => {
                    let Some(frame) = frames.last() else {
                        pause!(Instruction)
                    };
                    if open.last().is_some_and(|open| open.slot as usize >= base) {
                        pause!(Return);
                    }
                    let from = base + instruction.a() as usize;
                    match frame.finish {
                        Finish::Call => {
                            let destination = frame.function as usize;
                            let want = frame.want;
                            copy_value!(stack[from] => stack[destination]);
                            if want != 1 {
                                finish_results(stack, top, destination, 1, want);
                            }
                            frames.pop();
                        }
                        Finish::Store(register) => {
                            frames.pop();
                            *native_depth -= 1;
                            if let Some(caller) = frames.last() {
                                let destination = caller.base as usize + register as usize;
                                copy_value!(stack[from] => stack[destination]);
                            }
                        }
                        _ => pause!(Return),
                    }
                    leave!();
                }
                Opcode::Return0 | Opcode::Return => {
                    let Some(frame) = frames.last() else {
                        pause!(Instruction)
                    };
                    if frame.finish != Finish::Call
                        || open.last().is_some_and(|open| open.slot as usize >= base)
                    {
                        pause!(Return);
                    }
                    let destination = frame.function as usize;
                    let want = frame.want;
                    let from = base + instruction.a() as usize;
                    let count = match (instruction.opcode(), instruction.b()) {
                        (Opcode::Return0, _) => 0,
                        (_, 0) => top.saturating_sub(from),
                        (_, b) => b as usize - 1,
                    };
                    move_down(stack, from, count, destination);
                    finish_results(stack, top, destination, count, want);
                    frames.pop();
                    leave!();
                }
                Opcode::ForPrep => {
                    let first = instruction.a() as usize;
                    let (Value::Number(initial), Value::Number(limit), Value::Number(step)) =
                        (registers[first], registers[first + 1], registers[first + 2])
                    else {
                        pause!(Instruction)
                    };
                    let start = initial - step + step;
                    registers[first] = Value::Number(start);
                    if (step > 0.0 && start <= limit) || (step <= 0.0 && limit <= start) {
                        registers[first + 3] = Value::Number(start);
                    } else {
                        pc = (pc as isize + instruction.sbx() as isize) as usize;
                    }
                }
                Opcode::ForLoop => {
                    let first = instruction.a() as usize;
                    if let (Value::Number(index), Value::Number(limit), Value::Number(step)) =
                        (registers[first], registers[first + 1], registers[first + 2])
                    {
                        let index = index + step;
                        if if step > 0.0 {
                            index <= limit
                        } else {
                            limit <= index
                        } {
                            registers[first] = Value::Number(index);
                            registers[first + 3] = Value::Number(index);
                            pc = (pc as isize + instruction.sbx() as isize) as usize;
                            burn!();
                        }
                    }
                }
                Opcode::TForLoop => {
                    let first = instruction.a() as usize;
                    let control = registers[first + 3];
                    if !control.is_nil() {
                        registers[first + 2] = control;
                        pc = (pc as isize + instruction.sbx() as isize) as usize;
                        burn!();
                    }
                }
                Opcode::VarArg => {
                    let Some(frame) = frames.last() else {
                        pause!(Instruction)
                    };
                    let Some(entry) = entries.get(frame.proto as usize) else {
                        pause!(Instruction)
                    };
                    let first = frame.function as usize + 1 + entry.parameters as usize;
                    let available = base.saturating_sub(first);
                    let target = base + instruction.a() as usize;
                    let count = match instruction.b() {
                        0 => available,
                        b => b as usize - 1,
                    };
                    if count >= 8 || stack.len() < target + count + WINDOW {
                        pause!(Instruction);
                    }
                    for index in 0..count {
                        if index < available {
                            copy_value!(stack[first + index] => stack[target + index]);
                        } else {
                            stack[target + index] = Value::Nil;
                        }
                    }
                    if instruction.b() == 0 {
                        *top = target + count;
                    }
                    registers = window(stack, base);
                }
                Opcode::TForCall => {
                    let first = instruction.a() as usize;
                    let (Value::Native(native), Value::Table(table)) =
                        (registers[first], registers[first + 1])
                    else {
                        pause!(Iterator)
                    };
                    let control = registers[first + 2];
                    let wanted = instruction.c() as usize;
                    let Some(results) = registers[first + 3..].first_chunk_mut() else {
                        pause!(Instruction)
                    };
                    if Some(native) == heap.iterators.next {
                        if !heap.next_into(table, control, results) {
                            pause!(Iterator);
                        }
                    } else if Some(native) == heap.iterators.ipairs_step {
                        if !heap.next_element_into(table, control, results) {
                            pause!(Iterator);
                        }
                    } else {
                        pause!(Iterator)
                    }
                    if wanted > 2 {
                        registers[first + 5..first + 3 + wanted].fill(Value::Nil);
                    }
                }
                _ => pause!(Instruction),
            }
        };

        if let Some(frame) = frames.last_mut() {
            frame.pc = pc as u32;
        }
        if HOOKED
            && let Pause::Fuel = pause
            && matches!(instruction.opcode(), Opcode::Call | Opcode::TailCall)
        {
            // The call is still to be made, but the hook knows of it.
            hooks.asked = true;
        }
        let step = match pause {
            Pause::Instruction => runtime.execute_slowly(instruction),
            Pause::Call => {
                let function = base + instruction.a() as usize;
                let arguments = match instruction.b() {
                    0 => runtime.thread.top.saturating_sub(function + 1),
                    b => b as usize - 1,
                };
                let want = i16::from(instruction.c()) - 1;
                runtime.call_directly(function, arguments, want, Finish::Call)
            }
            Pause::Return => {
                let from = base + instruction.a() as usize;
                let count = match (instruction.opcode(), instruction.b()) {
                    (Opcode::Return0, _) => 0,
                    (Opcode::Return1, _) => 1,
                    (_, 0) => runtime.thread.top.saturating_sub(from),
                    (_, b) => b as usize - 1,
                };
                runtime.return_from_frame(from, count)
            }
            Pause::Iterator => {
                let first = base + instruction.a() as usize;
                runtime
                    .thread
                    .stack
                    .copy_within(first..first + 3, first + 3);
                let want = i16::from(instruction.c());
                runtime.call_directly(first + 3, 2, want, Finish::Iterator)
            }
            Pause::Memory => match runtime.safe_point() {
                Ok(step) => step,
                Err(raise) => runtime.raise(raise),
            },
            Pause::Hook => runtime.ask_hook(),
            Pause::Fuel => match runtime.out_of_fuel() {
                Ok(()) => Step::Run,
                Err(None) => Step::Exit(Exit::Suspended),
                Err(Some(raise)) => runtime.raise(raise),
            },
        };
        match step {
            Step::Run => continue 'frame,
            Step::Exit(exit) => return Leave::Exit(exit),
        }
    }
}

impl Runtime {
    /// Asks the host what to do without fuel: go on, suspend (`Err(None)`) or stop.
    #[cold]
    fn out_of_fuel(&mut self) -> Result<(), Option<Raise>> {
        if self.meter.sample_every > 0 {
            let goes_on = self.meter.reach_sample();
            self.take_samples();
            if goes_on {
                return Ok(());
            }
        }
        if std::mem::take(&mut self.meter.suspend_requested) {
            return Err(None);
        }
        match self.meter.decide() {
            Decision::Continue(fuel) => {
                self.meter.refill(fuel);
                Ok(())
            }
            Decision::Suspend => Err(None),
            Decision::Stop => Err(Some(Raise::Stopped)),
        }
    }
    /// Shows the run to the profiler.
    fn take_samples(&mut self) {
        let due = std::mem::take(&mut self.meter.samples_due);
        if let Some(mut sampler) = self.meter.sampler.take() {
            sampler(self, due);
            self.meter.sampler = Some(sampler);
        }
    }
}
