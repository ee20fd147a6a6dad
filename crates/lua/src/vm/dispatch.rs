//! The dispatch loop.
//!
//! Everything fast is in this one function, with the code, the registers and the frames in the [kernel](super::kernel)'s hands. What an
//! instruction cannot do fast it leaves to others: the loop is left with the program counter saved, the [pause](super::pause) is
//! dealt with, and the loop is entered again with the frame that then is on top.

use super::arithmetic;
use super::call::MAX_NATIVE_DEPTH;
use super::copy_value;
use super::enter::{Surroundings, enter_index, enter_protected, enter_vararg};
use super::kernel::{Code, Frames, Registers};
use super::loops::{pass_turns, step_loop};
use super::question::put;
use super::stack::{clear, for_registers, open_count, settle, shift, spread};
use super::upvalue::{close_from, load_upvalue, make_closure, store_upvalue};
use super::{Exit, Leave, Step};
use crate::heap::Role;
use crate::loaded::CodeEntry;
use crate::native::Answer;
use crate::opcode::Opcode;
use crate::runtime::Runtime;
use crate::shortcut::{take, take_window};
use crate::thread::{Finish, Frame, Thread};
use crate::value::{ClosureHandle, Value};

/// Executes the top frame and those it calls, until the run is left or code is missing. If `HOOKED`, the VM's hook is asked before each instruction.
pub(super) fn dispatch<const HOOKED: bool>(entries: &[CodeEntry], runtime: &mut Runtime) -> Leave {
    'frame: loop {
        // Natives that call back burn fuel without passing an instruction that looks at it.
        if runtime.meter.is_empty()
            && let Step::Exit(exit) = runtime.refuel_on_entry()
        {
            return Leave::Exit(exit);
        }
        let Some(&frame) = runtime.thread.frames.last() else {
            return Leave::Exit(Exit::Finished);
        };
        let Some(entry) = entries.get(frame.proto as usize) else {
            return Leave::CodeMissing;
        };
        if entry.is_vacant() {
            std::hint::cold_path();
            return Leave::CodeMissing;
        }
        let mut code = Code::at(entry, frame.pc);
        let mut closure = ClosureHandle(frame.callee);
        // The same function goes on after a call of a native one, which may have moved everything else.
        'function: loop {
            let Runtime {
                heap,
                meter,
                thread,
                current,
                hooks,
                host,
                libraries,
                loaded,
                ..
            } = &mut *runtime;
            let Thread {
                stack,
                frames,
                frames_max,
                open,
                open_end,
                top,
                native_depth,
                failed_calls,
                ..
            } = &mut **thread;
            let Some(mut frames) = Frames::new(frames, *frames_max) else {
                return Leave::Exit(Exit::Finished);
            };
            let mut registers = Registers::new(stack, frames.top().base as usize);
            let mut instruction;

            // Leaves the loop for a function that goes on with the instruction. Written out at each place rather than as a jump with a reason,
            // which would have to be in a register wherever one might jump.
            macro_rules! pause {
                ($to:ident) => {{
                    std::hint::cold_path();
                    frames.top().pc = code.position();
                    frames.store();
                    match runtime.$to(instruction) {
                        Step::Run => continue 'frame,
                        Step::Exit(exit) => return Leave::Exit(exit),
                    }
                }};
            }
            // Goes on with the next instruction.
            macro_rules! next {
                () => {{
                    code.jump(1);
                    continue;
                }};
            }
            macro_rules! a {
                () => {
                    *registers.get(instruction.a())
                };
            }
            macro_rules! set_a {
                ($value:expr) => {{
                    let value = $value;
                    *registers.get_mut(instruction.a()) = value;
                }};
            }
            macro_rules! b {
                () => {
                    *registers.get(instruction.b())
                };
            }
            macro_rules! c {
                () => {
                    *registers.get(instruction.c())
                };
            }
            // What is executed again when there is fuel burns `refuel_and_repeat` first.
            macro_rules! burn {
                ($to:ident) => {
                    meter.fuel -= 1;
                    if meter.fuel < 0 {
                        pause!($to);
                    }
                };
            }
            macro_rules! condition {
                ($outcome:expr) => {
                    if ($outcome) == (instruction.c() != 0) {
                        let offset = code.word().sj();
                        code.jump(1 + offset);
                        if offset < 0 {
                            burn!(refuel);
                        }
                    } else {
                        code.jump(1);
                    }
                };
            }
            macro_rules! arithmetic {
                ($left:expr, $right:expr, $x:ident, $y:ident, $result:expr) => {
                    match ($left, $right) {
                        (Value::Number($x), Value::Number($y)) => set_a!(Value::Number($result)),
                        _ => pause!(execute_arithmetic),
                    }
                };
            }
            macro_rules! equal {
                ($right:expr) => {{
                    let (left, right) = (a!(), $right);
                    let equal = left.is_identical(right);
                    if !equal && heap.equality_is_open(left, right) {
                        pause!(execute_slowly);
                    }
                    condition!(equal);
                }};
            }
            macro_rules! compare {
                ($right:expr, $x:ident, $y:ident, $outcome:expr) => {
                    match (a!(), $right) {
                        (Value::Number($x), Value::Number($y)) => {
                            condition!($outcome);
                        }
                        _ => pause!(execute_slowly),
                    }
                };
            }
            // Stores `value`, a place, at a key whose place is `slot`, or in full generality.
            macro_rules! store {
                ($table:ident, $slot:expr, $add:ident, $key:expr, $value:expr) => {{
                    let Value::Table(handle) = a!() else {
                        pause!(execute_slowly)
                    };
                    let $table = &mut heap.tables[handle.index()];
                    if $table.readonly {
                        pause!(execute_slowly);
                    }
                    // A value that is there is replaced whatever the metatable says.
                    let is_plain = $table.metatable.is_none();
                    if let Some(slot) = $slot
                        && (is_plain || !slot.is_nil())
                    {
                        copy_value(&$value, slot);
                        heap.barrier(handle, &$value);
                        next!();
                    }
                    if !is_plain || heap.$add(handle, $key, &$value).is_err() {
                        pause!(execute_slowly);
                    }
                    if heap.needs_attention() {
                        pause!(attend_to_memory);
                    }
                }};
            }
            // The same at a key of any type.
            macro_rules! store_at {
                ($value:expr) => {
                    match b!() {
                        Value::Number(number) => {
                            store!(
                                table,
                                table.array_slot(number),
                                add_entry,
                                Value::Number(number),
                                $value
                            )
                        }
                        Value::String(key) if key.is_loose() => pause!(execute_slowly),
                        Value::String(key) => {
                            store!(table, table.short_slot(key), add_field, key, $value)
                        }
                        _ => pause!(execute_slowly),
                    }
                };
            }

            // Goes on in a function whose frame was just pushed or put in place of another.
            macro_rules! enter {
                ($entry:expr, $callee:expr, $base:expr) => {{
                    let (entry, base) = ($entry, $base);
                    registers.set_base(base);
                    let arguments = open_count(instruction.b(), top, base);
                    if arguments < entry.parameters as usize {
                        clear(&mut registers.window()[arguments..entry.parameters as usize]);
                    }
                    code = Code::new(entry);
                    closure = $callee;
                    continue;
                }};
            }
            macro_rules! surroundings {
                () => {
                    Surroundings {
                        heap,
                        entries,
                        frames: &mut frames,
                        stack: registers.stack(),
                        native_depth,
                        pc: code.position(),
                    }
                };
            }
            // Goes on in a function whose frame was pushed; if it was not, leaves the loop.
            macro_rules! go_on_in {
                ($entered:expr, $to:ident) => {{
                    let Some(entered) = $entered else { pause!($to) };
                    registers.set_base(entered.base);
                    code = Code::new(entered.entry);
                    closure = entered.callee;
                    continue;
                }};
            }
            // Calls the Lua function that is `__index` of the table `R[B]` for a key it lacks.
            macro_rules! call_index {
                ($key:expr) => {{
                    let entered = enter_index(surroundings!(), instruction, $key);
                    go_on_in!(entered, execute_slowly)
                }};
            }
            // Carries out a call of a native function by its shortcut, if that applies.
            macro_rules! take_shortcut {
                ($native:expr) => {
                    let (base, window) = (registers.base(), registers.window());
                    if match heap.natives[$native.index()].role {
                        Role::Window => {
                            take_window(heap, meter, libraries, window, base, top, instruction)
                        }
                        _ => take(heap, meter, window, base, top, instruction),
                    } {
                        if heap.needs_attention() {
                            pause!(attend_to_memory);
                        }
                        next!();
                    }
                };
            }
            // Goes on in the caller, whose frame is on top again.
            macro_rules! leave {
                ($caller:expr, $entry:expr) => {{
                    code = Code::at($entry, $caller.pc);
                    registers.set_base($caller.base as usize);
                    closure = ClosureHandle($caller.callee);
                    continue;
                }};
            }
            // Carries out a call of a native function that asks the host, unless it has to be carried out as any other.
            macro_rules! ask_host {
                ($question:expr) => {{
                    let base = registers.base();
                    let asked = (&mut *host, &mut *heap, &mut *meter);
                    match put($question, asked, registers.window(), base, top, instruction) {
                        Some(Answer::Value) if heap.needs_attention() => pause!(attend_to_memory),
                        Some(Answer::Value) => next!(),
                        Some(Answer::Error | Answer::LateValue | Answer::LateError) => {
                            pause!(raise_answer)
                        }
                        Some(Answer::Stopped) => pause!(stop),
                        Some(Answer::OutOfMemory) => pause!(run_out_of_memory),
                        None => {}
                    }
                }};
            }
            // The caller and its code, if the top frame returns to Lua code without further ado.
            macro_rules! caller {
                () => {{
                    let base = registers.base();
                    if *open_end > base {
                        close_from(heap, registers.stack(), open, open_end, base);
                    }
                    let Some(caller) = frames.caller() else {
                        pause!(execute_return)
                    };
                    let Some(entry) = entries.get(caller.proto as usize) else {
                        pause!(execute_return)
                    };
                    (caller, entry)
                }};
            }

            'dispatch: loop {
                instruction = code.instruction();
                if HOOKED && hooks.must_ask() {
                    pause!(consult_hook);
                }
                match code.opcode() {
                    // Arguments and results are moved one after the other: the next one is most often a move again, and a branch that is
                    // taken or not is predicted better than one to anywhere.
                    Opcode::Move => {
                        registers.copy(instruction.b(), instruction.a());
                        if !HOOKED {
                            loop {
                                code.jump(1);
                                instruction = code.instruction();
                                if instruction.0 as u8 != Opcode::Move as u8 {
                                    continue 'dispatch;
                                }
                                registers.copy(instruction.b(), instruction.a());
                            }
                        }
                    }
                    Opcode::LoadK => set_a!(*code.constant(instruction.bx() as usize)),
                    Opcode::LoadKx => {
                        set_a!(*code.constant(code.word().0 as usize));
                        code.jump(1);
                    }
                    Opcode::LoadInteger => set_a!(Value::Number(f64::from(instruction.sbx()))),
                    Opcode::LoadNil => {
                        let (first, more) = (instruction.a() as usize, instruction.b() as usize);
                        registers.window()[first..=first + more].fill(Value::Nil);
                    }
                    Opcode::LoadTrue => set_a!(Value::Boolean(true)),
                    Opcode::LoadFalse => set_a!(Value::Boolean(false)),
                    Opcode::LoadFalseSkip => {
                        set_a!(Value::Boolean(false));
                        code.jump(1);
                    }
                    Opcode::GetUpvalue => {
                        let upvalue = heap.closures[closure.index()].upvalues.at(instruction.b());
                        load_upvalue(heap, current, upvalue, &mut registers, instruction.a());
                    }
                    Opcode::SetUpvalue => {
                        let upvalue = heap.closures[closure.index()].upvalues.at(instruction.b());
                        store_upvalue(heap, current, upvalue, &mut registers, instruction.a());
                    }
                    Opcode::GetGlobal => {
                        let environment = heap.closures[closure.index()].environment;
                        let key = code.text(instruction.bx() as usize);
                        match heap.tables[environment.index()].short(key) {
                            Some(value) if !value.is_nil() => {
                                copy_value(value, registers.get_mut(instruction.a()));
                            }
                            _ => pause!(execute_slowly),
                        }
                    }
                    Opcode::SetGlobal => {
                        let environment = heap.closures[closure.index()].environment;
                        let key = code.text(instruction.bx() as usize);
                        let table = &mut heap.tables[environment.index()];
                        if table.readonly {
                            pause!(execute_slowly);
                        }
                        match table.short_slot(key) {
                            Some(slot) if !slot.is_nil() => copy_value(&a!(), slot),
                            _ => pause!(execute_slowly),
                        }
                        heap.barrier(environment, &a!());
                    }
                    Opcode::NewTable => {
                        let table = heap.new_table_by_hints(instruction.b(), instruction.c());
                        set_a!(Value::Table(table));
                        if heap.needs_attention() {
                            pause!(attend_to_memory);
                        }
                    }
                    Opcode::GetTable => {
                        let Value::Table(handle) = b!() else {
                            pause!(execute_slowly)
                        };
                        let table = &heap.tables[handle.index()];
                        let found = match c!() {
                            Value::Number(number) => table.element(number),
                            Value::String(string) => table.short(string),
                            _ => pause!(execute_slowly),
                        };
                        match found {
                            Some(value) if !value.is_nil() => {
                                copy_value(value, registers.get_mut(instruction.a()));
                            }
                            _ => {
                                let value = match c!() {
                                    Value::Number(number) => table.get_number(number),
                                    Value::String(string) if !string.is_plain_key() => {
                                        pause!(execute_slowly)
                                    }
                                    _ => Value::Nil,
                                };
                                if value.is_nil() && table.metatable.is_some() {
                                    call_index!(None);
                                }
                                set_a!(value);
                            }
                        }
                    }
                    Opcode::GetField => {
                        let key = code.text(instruction.c() as usize);
                        if let Value::Table(handle) = b!()
                            && let Some(value) = heap.tables[handle.index()].short(key)
                            && !value.is_nil()
                        {
                            copy_value(value, registers.get_mut(instruction.a()));
                            next!();
                        }
                        match heap.find_field(b!(), key) {
                            Some(value) => set_a!(value),
                            None => call_index!(Some(code.constant(instruction.c() as usize))),
                        }
                    }
                    Opcode::GetInteger => {
                        let Value::Table(handle) = b!() else {
                            pause!(execute_slowly)
                        };
                        let table = &heap.tables[handle.index()];
                        let index = instruction.c() as usize;
                        match table.array.get(index.wrapping_sub(1)) {
                            Some(value) if !value.is_nil() => {
                                copy_value(value, registers.get_mut(instruction.a()));
                            }
                            _ => {
                                let value = table.get_number(index as f64);
                                if value.is_nil() && table.metatable.is_some() {
                                    pause!(execute_slowly);
                                }
                                set_a!(value);
                            }
                        }
                    }
                    Opcode::SetTable => store_at!(c!()),
                    Opcode::SetTableK => store_at!(*code.c(instruction)),
                    Opcode::SetField => {
                        let key = code.text(instruction.b() as usize);
                        store!(table, table.short_slot(key), add_field, key, c!())
                    }
                    Opcode::SetFieldK => {
                        let key = code.text(instruction.b() as usize);
                        store!(
                            table,
                            table.short_slot(key),
                            add_field,
                            key,
                            *code.c(instruction)
                        )
                    }
                    Opcode::SetInteger => {
                        let index = instruction.b();
                        store!(
                            table,
                            table.array.get_mut((index as usize).wrapping_sub(1)),
                            add_entry,
                            Value::Number(f64::from(index)),
                            c!()
                        )
                    }
                    Opcode::SelfField => {
                        let key = code.text(instruction.c() as usize);
                        let Some(value) = heap.find_method(b!(), key) else {
                            pause!(execute_slowly)
                        };
                        registers.copy(instruction.b(), instruction.a().wrapping_add(1));
                        set_a!(value);
                    }
                    Opcode::Add => arithmetic!(b!(), c!(), x, y, x + y),
                    Opcode::Sub => arithmetic!(b!(), c!(), x, y, x - y),
                    Opcode::Mul => arithmetic!(b!(), c!(), x, y, x * y),
                    Opcode::Div => arithmetic!(b!(), c!(), x, y, x / y),
                    Opcode::Mod => arithmetic!(b!(), c!(), x, y, arithmetic::modulo(x, y)),
                    Opcode::Pow => arithmetic!(b!(), c!(), x, y, arithmetic::power(x, y)),
                    Opcode::AddK => arithmetic!(b!(), code.number_c(instruction), x, y, x + y),
                    Opcode::SubK => arithmetic!(b!(), code.number_c(instruction), x, y, x - y),
                    Opcode::MulK => arithmetic!(b!(), code.number_c(instruction), x, y, x * y),
                    Opcode::DivK => arithmetic!(b!(), code.number_c(instruction), x, y, x / y),
                    Opcode::ModK => arithmetic!(
                        b!(),
                        code.number_c(instruction),
                        x,
                        y,
                        arithmetic::modulo(x, y)
                    ),
                    Opcode::PowK => arithmetic!(
                        b!(),
                        code.number_c(instruction),
                        x,
                        y,
                        arithmetic::power(x, y)
                    ),
                    Opcode::KAdd => arithmetic!(code.number_b(instruction), c!(), x, y, x + y),
                    Opcode::KSub => arithmetic!(code.number_b(instruction), c!(), x, y, x - y),
                    Opcode::KMul => arithmetic!(code.number_b(instruction), c!(), x, y, x * y),
                    Opcode::KDiv => arithmetic!(code.number_b(instruction), c!(), x, y, x / y),
                    Opcode::KMod => arithmetic!(
                        code.number_b(instruction),
                        c!(),
                        x,
                        y,
                        arithmetic::modulo(x, y)
                    ),
                    Opcode::KPow => arithmetic!(
                        code.number_b(instruction),
                        c!(),
                        x,
                        y,
                        arithmetic::power(x, y)
                    ),
                    Opcode::Negate => match b!() {
                        Value::Number(number) => set_a!(Value::Number(-number)),
                        _ => pause!(execute_slowly),
                    },
                    Opcode::Not => set_a!(Value::Boolean(!b!().is_truthy())),
                    Opcode::Length => match b!() {
                        Value::Table(table) => {
                            let length = heap.tables[table.index()].length();
                            set_a!(Value::Number(length as f64));
                        }
                        Value::String(string) => {
                            set_a!(Value::Number(heap.bytes(string).len() as f64));
                        }
                        _ => pause!(execute_slowly),
                    },
                    Opcode::Jump => {
                        let offset = instruction.sj();
                        code.jump(offset);
                        if offset < 0 {
                            burn!(refuel);
                        }
                    }
                    Opcode::Eq => equal!(b!()),
                    Opcode::EqK => equal!(*code.b(instruction)),
                    Opcode::Lt => compare!(b!(), x, y, x < y),
                    Opcode::Le => compare!(b!(), x, y, x <= y),
                    Opcode::LtK => compare!(code.number_b(instruction), x, y, x < y),
                    Opcode::LeK => compare!(code.number_b(instruction), x, y, x <= y),
                    Opcode::GtK => compare!(code.number_b(instruction), x, y, y < x),
                    Opcode::GeK => compare!(code.number_b(instruction), x, y, y <= x),
                    Opcode::Test => {
                        condition!(a!().is_truthy());
                    }
                    Opcode::TestSet => {
                        let truth = b!().is_truthy();
                        if truth == (instruction.c() != 0) {
                            registers.copy(instruction.b(), instruction.a());
                        }
                        condition!(truth);
                    }
                    Opcode::Call => {
                        burn!(refuel_and_repeat);
                        let callee = match a!() {
                            Value::Function(callee) => callee,
                            Value::Native(native) => {
                                match heap.natives[native.index()].role {
                                    Role::Ordinary | Role::Window | Role::Matches => {}
                                    Role::Question(question) => ask_host!(question),
                                    Role::ProtectedCall(_) if *failed_calls == 0 => {
                                        let function = registers.base() + instruction.a() as usize;
                                        let arguments =
                                            open_count(instruction.b(), top, function + 1);
                                        let entered = enter_protected(
                                            surroundings!(),
                                            instruction,
                                            native,
                                            function,
                                            arguments,
                                        );
                                        go_on_in!(entered, execute_call)
                                    }
                                    Role::ProtectedCall(_) => pause!(execute_call),
                                    _ => pause!(switch_threads),
                                }
                                take_shortcut!(native);
                                let function = registers.base() + instruction.a() as usize;
                                let arguments = open_count(instruction.b(), top, function + 1);
                                frames.top().pc = code.position();
                                frames.store();
                                let want = i16::from(instruction.c()) - 1;
                                match runtime.execute_native(native, function, arguments, want) {
                                    Ok(()) => {
                                        code.jump(1);
                                        continue 'function;
                                    }
                                    Err(Step::Run) => continue 'frame,
                                    Err(Step::Exit(exit)) => return Leave::Exit(exit),
                                }
                            }
                            _ => pause!(execute_call),
                        };
                        let number = heap.closures[callee.index()].proto;
                        let Some(entry) = entries.get(number as usize) else {
                            pause!(execute_call)
                        };
                        let function = registers.base() + instruction.a() as usize;
                        let base = function + 1;
                        if !registers.has_slots(base + entry.room as usize) {
                            let arguments = open_count(instruction.b(), top, base);
                            let entered =
                                enter_vararg(surroundings!(), instruction, callee, arguments);
                            go_on_in!(entered, execute_call)
                        }
                        let want = i16::from(instruction.c()) - 1;
                        frames.top().pc = code.position();
                        let frame = Frame::lua(function, base, number, callee, want, Finish::Call);
                        if !frames.try_push(frame) {
                            pause!(execute_call);
                        }
                        enter!(entry, callee, base);
                    }
                    Opcode::TailCall => {
                        burn!(refuel_and_repeat);
                        let callee = match a!() {
                            Value::Function(callee) => callee,
                            Value::Native(native) => {
                                // The instruction that follows returns its results.
                                instruction = instruction.as_call();
                                if let Role::Question(question) = heap.natives[native.index()].role
                                {
                                    ask_host!(question);
                                }
                                take_shortcut!(native);
                                pause!(execute_call)
                            }
                            _ => pause!(execute_slowly),
                        };
                        let number = heap.closures[callee.index()].proto;
                        let Some(entry) = entries.get(number as usize) else {
                            pause!(execute_slowly)
                        };
                        let base = registers.base();
                        if entry.is_vararg || *open_end > base {
                            pause!(execute_slowly);
                        }
                        let function = base + instruction.a() as usize;
                        let arguments = open_count(instruction.b(), top, function + 1);
                        let target = frames.top().reuse(number, callee);
                        shift(registers.stack(), meter, function, arguments + 1, target);
                        if instruction.b() == 0 {
                            *top = target + 1 + arguments;
                        }
                        enter!(entry, callee, target + 1);
                    }
                    Opcode::Return1 => {
                        let (caller, entry) = caller!();
                        let frame = frames.top();
                        match frame.finish {
                            Finish::Call => {
                                let destination = frame.function as usize;
                                registers.copy_to_slot(instruction.a(), destination);
                                let want = frame.want;
                                if want != 1 {
                                    settle(registers.stack(), top, destination, 1, want);
                                }
                            }
                            Finish::Store(register) => {
                                *native_depth -= 1;
                                let destination = caller.base as usize + register as usize;
                                registers.copy_to_slot(instruction.a(), destination);
                            }
                            _ => pause!(execute_return),
                        }
                        frames.pop();
                        leave!(caller, entry);
                    }
                    Opcode::Return0 | Opcode::Return => {
                        let from = registers.base() + instruction.a() as usize;
                        let count = match instruction.opcode() {
                            Opcode::Return0 => 0,
                            _ => open_count(instruction.b(), top, from),
                        };
                        let (caller, entry) = caller!();
                        let frame = frames.top();
                        if frame.finish != Finish::Call {
                            let (Finish::Store(register), 1..) = (frame.finish, count) else {
                                pause!(execute_return);
                            };
                            *native_depth -= 1;
                            let destination = caller.base as usize + register as usize;
                            registers.copy_to_slot(instruction.a(), destination);
                            frames.pop();
                            leave!(caller, entry);
                        }
                        let (destination, want) = (frame.function as usize, frame.want);
                        if count > 2 {
                            shift(registers.stack(), meter, from, count, destination);
                        } else {
                            registers.return_to(instruction.a(), count, destination);
                        }
                        settle(registers.stack(), top, destination, count, want);
                        frames.pop();
                        leave!(caller, entry);
                    }
                    Opcode::ForPrep => {
                        let (Value::Number(initial), Value::Number(limit), Value::Number(step)) = (
                            a!(),
                            *registers.get_above(instruction.a(), 1),
                            *registers.get_above(instruction.a(), 2),
                        ) else {
                            pause!(execute_slowly)
                        };
                        let start = initial - step + step;
                        set_a!(Value::Number(start));
                        if (step > 0.0 && start <= limit) || (step <= 0.0 && limit <= start) {
                            // Of a loop without a body.
                            if instruction.sbx() == 1 && !HOOKED {
                                set_a!(Value::Number(pass_turns(meter, start, limit, step)));
                            }
                            *registers.get_above_mut(instruction.a(), 3) = a!();
                        } else {
                            code.jump(i32::from(instruction.sbx()));
                        }
                    }
                    Opcode::ForLoop => {
                        if let (Value::Number(index), Value::Number(limit), Value::Number(step)) = (
                            a!(),
                            *registers.get_above(instruction.a(), 1),
                            *registers.get_above(instruction.a(), 2),
                        ) {
                            let index = index + step;
                            if if step > 0.0 {
                                index <= limit
                            } else {
                                {
                                    std::hint::cold_path();
                                    limit <= index
                                }
                            } {
                                set_a!(Value::Number(index));
                                *registers.get_above_mut(instruction.a(), 3) = Value::Number(index);
                                code.jump(i32::from(instruction.sbx()));
                                burn!(refuel);
                            }
                        }
                    }
                    Opcode::TForLoop => {
                        let (_, _, control) = for_registers(instruction.a());
                        let first = instruction.a().wrapping_add(3);
                        if !registers.get(first).is_nil() {
                            registers.copy(first, control);
                            code.jump(i32::from(instruction.sbx()));
                            burn!(refuel);
                        }
                    }
                    Opcode::VarArg => {
                        let (frame, count) = (*frames.top(), instruction.b());
                        let entry = entries.get(frame.proto as usize);
                        let target = registers.base() + instruction.a() as usize;
                        if !spread(registers.stack(), top, &frame, entry, target, count) {
                            pause!(execute_slowly);
                        }
                    }
                    Opcode::TForCall => {
                        // Not even an iterator may be called at the limit: the general way says so.
                        let window = registers.window();
                        if *native_depth >= MAX_NATIVE_DEPTH
                            || !step_loop(heap, meter, libraries, window, instruction)
                        {
                            pause!(execute_iterator)
                        }
                        if heap.needs_attention() {
                            pause!(attend_to_memory);
                        }
                    }
                    Opcode::Closure => {
                        let made = make_closure(
                            heap,
                            loaded,
                            (open, open_end),
                            *current,
                            frames.top(),
                            instruction.bx(),
                        );
                        set_a!(Value::Function(made));
                        if heap.needs_attention() {
                            pause!(attend_to_memory);
                        }
                    }
                    Opcode::Close => {
                        let slot = registers.base() + instruction.a() as usize;
                        if *open_end > slot {
                            close_from(heap, registers.stack(), open, open_end, slot);
                        }
                    }
                    Opcode::GetGlobalKx
                    | Opcode::SetGlobalKx
                    | Opcode::SelfRegister
                    | Opcode::SetList
                    | Opcode::Concat
                    | Opcode::Illegal => pause!(execute_slowly),
                }
                code.jump(1);
            }
        }
    }
}
