use proptest::prelude::*;

use super::*;
use crate::compiler::compile;

fn constant<'a>(kind: u8, number: f64, text: &'a [u8]) -> Constant<'a> {
    match kind {
        0 => Constant::Nil,
        1 => Constant::Boolean(false),
        2 => Constant::Boolean(true),
        3 => Constant::Number(number),
        4 => Constant::Number(number.trunc()),
        5 => Constant::Number(f64::from(number as i32 % 100)),
        _ => Constant::String(text),
    }
}

/// Constants as they can be compared: NaN and the sign of zero count.
fn bits(constant: Constant<'_>) -> (u8, u64, Vec<u8>) {
    match constant {
        Constant::Nil => (0, 0, Vec::new()),
        Constant::Boolean(value) => (1, value.into(), Vec::new()),
        Constant::Number(number) => (2, number.to_bits(), Vec::new()),
        Constant::String(text) => (3, 0, text.to_vec()),
    }
}

proptest! {
    #[test]
    fn what_is_packed_is_read_again(
        constants in prop::collection::vec(
            (0..8u8, any::<f64>(), prop::collection::vec(any::<u8>(), 0..300)),
            0..40,
        ),
        upvalues in prop::collection::vec((any::<bool>(), any::<u8>(), "[a-z(]{1,200}"), 0..60),
        locals in prop::collection::vec(("[(]?[a-z]{1,9}", any::<u32>(), any::<u32>()), 0..40),
        lines in prop::collection::vec(any::<u32>(), 1..60),
        shift in 0..32u32,
    ) {
        let lines: Vec<u32> = lines.iter().map(|line| 1 + (line >> shift) / 2).collect();
        let code = vec![Instruction(0); lines.len()];
        let constants: Vec<_> = constants
            .iter()
            .map(|(kind, number, text)| constant(*kind, *number, text))
            .collect();
        let upvalues: Vec<_> = upvalues
            .iter()
            .map(|(register, index, name)| {
                let source = if *register {
                    UpvalueSource::Register(*index)
                } else {
                    UpvalueSource::Upvalue(*index)
                };
                (source, name.as_bytes())
            })
            .collect();
        let mut locals: Vec<_> = locals
            .iter()
            .map(|(name, one, other)| LocalVariable {
                name: name.as_bytes(),
                start: *one.min(other),
                end: *one.max(other),
            })
            .collect();
        locals.push(LocalVariable { name: b"(for step)", start: 1, end: 2 });
        let mut scratch = b"something else".to_vec();
        let proto = Parts {
            code: &code,
            lines: &lines,
            constants: constants.iter().copied(),
            children: Box::default(),
            upvalues: upvalues.iter().copied(),
            locals: locals.iter().copied(),
            source: Arc::from(&b"=test"[..]),
            line_defined: 1,
            last_line_defined: 2,
            parameters: 0,
            max_stack: 2,
            is_vararg: false,
            needs_arg: false,
        }
        .pack(&mut scratch);
        prop_assert!(proto.has_lines());
        let read: Vec<_> = (0..=lines.len()).filter_map(|at| proto.line(at)).collect();
        prop_assert_eq!(read, lines);
        prop_assert_eq!(proto.constants().len(), constants.len());
        for (index, &constant) in constants.iter().enumerate() {
            prop_assert_eq!(proto.constant(index).map(bits), Some(bits(constant)));
        }
        prop_assert!(proto.constant(constants.len()).is_none());
        prop_assert_eq!(
            proto.upvalues().zip(proto.upvalue_names()).collect::<Vec<_>>(),
            upvalues
        );
        prop_assert_eq!(proto.locals().collect::<Vec<_>>(), locals);
    }
}

#[test]
fn a_line_costs_a_byte_and_none_if_all_are_the_same() {
    let size = |source: &str| {
        let proto = compile(source.as_bytes(), b"=test").expect("the source is right");
        (proto.code.len(), proto.own_heap_size())
    };
    let (words, one_line) = size("local a = 1 local b = 2 return a + b");
    assert_eq!(
        size("local a = 1\nlocal b = 2\nreturn a + b"),
        (words, one_line + words)
    );
}
