//! A readable listing of a prototype, for tests and for people.
//!
//! One line per instruction: its index, its source line, its name and its operands. Registers are `r`, upvalues `u`,
//! constants are shown by value, jumps by their target (`-> 7`), other operands as plain numbers. A header line
//! says what each function is made of; nested functions follow theirs.

use std::fmt::Write;

use crate::opcode::Instruction;
use crate::operand::{Layout, Operand, layout};
use crate::proto::{Constant, Proto, UpvalueSource};

/// Lists a function and all functions in it.
pub fn disassemble(proto: &Proto) -> String {
    let mut out = String::new();
    list(&mut out, proto, "main");
    out
}

fn list(out: &mut String, proto: &Proto, name: &str) {
    write_header(out, proto, name);
    let constants: Vec<Constant<'_>> = proto.constants().collect();
    let mut at = 0;
    while at < proto.code.len() {
        let word = proto.code[at];
        let length = 1 + usize::from(word.has_extra_word());
        let extra = proto.code.get(at + 1).filter(|_| length == 2).copied();
        let line = proto.line(at).unwrap_or(0);
        put(
            out,
            format_args!("{at:4} [{line}] {:<13}", word.opcode().name()),
        );
        write_operands(out, &constants, at + length, word, extra);
        out.push('\n');
        at += length;
    }
    for (index, child) in proto.children.iter().enumerate() {
        // Depth is the compiler's limit on nesting, at most 200.
        list(out, child, &format!("{name}/{index}"));
    }
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(arguments);
}

fn write_header(out: &mut String, proto: &Proto, name: &str) {
    put(out, format_args!("{name}: "));
    if proto.line_defined > 0 {
        put(
            out,
            format_args!(
                "lines {}-{}, ",
                proto.line_defined,
                proto.last_line_defined()
            ),
        );
    }
    put(out, format_args!("{} parameters", proto.parameters));
    if proto.is_vararg {
        out.push_str(if proto.needs_arg {
            " and arg"
        } else {
            " and more"
        });
    }
    put(out, format_args!(", {} registers\n", proto.max_stack));
    let upvalues = proto.upvalues().zip(proto.upvalue_names());
    for (index, (source, name)) in upvalues.enumerate() {
        let name = text(name);
        let from = match source {
            UpvalueSource::Register(register) => format!("r{register}"),
            UpvalueSource::Upvalue(upvalue) => format!("u{upvalue}"),
        };
        put(
            out,
            format_args!("  upvalue u{index} {name} = outer {from}\n"),
        );
    }
    for local in proto.locals() {
        put(
            out,
            format_args!(
                "  local {} {}..{}\n",
                text(local.name),
                local.start,
                local.end
            ),
        );
    }
}

fn write_operands(
    out: &mut String,
    constants: &[Constant<'_>],
    next: usize,
    word: Instruction,
    extra: Option<Instruction>,
) {
    match layout(word.opcode()) {
        Layout::Short(a, b, c) => {
            for (operand, value) in [(a, word.a()), (b, word.b()), (c, word.c())] {
                write_operand(out, constants, operand, u32::from(value));
            }
            if let Some(extra) = extra {
                put(out, format_args!(" {}", extra.0));
            }
        }
        Layout::Wide(operand) => {
            write_operand(out, constants, Operand::Register, u32::from(word.a()));
            write_operand(out, constants, operand, u32::from(word.bx()));
        }
        Layout::WideImmediate => put(out, format_args!(" r{} {}", word.a(), word.sbx())),
        Layout::Child => put(out, format_args!(" r{} function {}", word.a(), word.bx())),
        Layout::ShortJump => {
            put(
                out,
                format_args!(" r{} -> {}", word.a(), next as i64 + i64::from(word.sbx())),
            );
        }
        Layout::Jump => put(
            out,
            format_args!(" -> {}", next as i64 + i64::from(word.sj())),
        ),
        Layout::Extra(operand) => {
            write_operand(out, constants, Operand::Register, u32::from(word.a()));
            write_operand(
                out,
                constants,
                operand,
                extra.map_or(u32::MAX, |extra| extra.0),
            );
        }
        Layout::Illegal => put(out, format_args!(" {:08x}", word.0)),
    }
}

fn write_operand(out: &mut String, constants: &[Constant<'_>], operand: Operand, value: u32) {
    match operand {
        Operand::Unused => {}
        Operand::Register => put(out, format_args!(" r{value}")),
        Operand::Upvalue => put(out, format_args!(" u{value}")),
        Operand::Immediate => put(out, format_args!(" {value}")),
        Operand::Constant | Operand::Text | Operand::Number => {
            match constants.get(value as usize) {
                None => put(out, format_args!(" k{value}?")),
                Some(Constant::Nil) => out.push_str(" nil"),
                Some(Constant::Boolean(value)) => put(out, format_args!(" {value}")),
                Some(Constant::Number(value)) => put(out, format_args!(" {value:?}")),
                Some(Constant::String(value)) => put(out, format_args!(" \"{}\"", text(value))),
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
