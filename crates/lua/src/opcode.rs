//! The instruction set: the contract between the compiler, the verifier, the disassembler and the VM.
//!
//! An instruction is one 32-bit word. The opcode is in the lowest byte; the operands are
//!
//! ```text
//!   31      24 23      16 15       8 7        0
//!  |    C     |    B     |    A     |  opcode  |   three 8-bit operands
//!  |          Bx / sBx   |    A     |  opcode  |   one 8-bit and one 16-bit operand (sBx is signed)
//!  |               sJ               |  opcode  |   one signed 24-bit jump offset
//! ```
//!
//! Notation: `R[x]` is the register `x` of the running function (at most 250 of them, as in 5.1), `K[x]`
//! its constant `x`, `U[x]` its upvalue `x`, `pc` the index of the word *after* the instruction (and after
//! the extra word, where it has one). All jump offsets are relative to that `pc`: offset 0 goes on with the
//! next instruction. A taken jump with a negative offset is a back-edge and costs fuel; the compiler needs
//! no special instruction for it.
//!
//! **Constants as operands.** An 8-bit operand reaches `K[0..=255]`. Where an instruction has a constant
//! form but the constant's index is above 255, the compiler loads it into a register (`LoadK`, `LoadKx`) and uses the
//! register form.
//!
//! **Fused conditions.** `Eq EqK Lt LtK Le LeK GtK GeK Test TestSet` are always followed by a `Jump` word. If
//! the condition's outcome equals the operand `C` (0 or 1) the jump is taken, in the same dispatch; otherwise
//! it is skipped. A jump list is therefore a list of `Jump` words and patching never looks at the condition.
//!
//! **Open results.** A `Call` with `C = 0` and a `VarArg` with `B = 0` leave "all values" from their `R[A]` up and set the
//! frame's *top* just after the last one. The very next instruction that reads "up to the top" (`Call`, `TailCall`,
//! `Return` with `B = 0`, `SetList` with `B = 0`) consumes it.
//! Nothing may stand between the two that writes registers above: the open producer is always the last operand.
//!
//! **Why these.** Words are fixed-size so that decoding is shifts; operands are 8 bits so that a frame's
//! registers can be taken as one 256-slot window and indexed without bounds checks. Constants have their own
//! opcodes rather than a flag bit per operand, which saves a branch in each operand read. There are no inline caches: a string
//! value carries its hash beside its handle, so a constant-key lookup is a mask, one load and one compare.

/// Declares the opcodes once and derives the enum, the decoding and the names from the list.
macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// An operation of the VM. The doc comment of each says exactly what it does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Opcode {
            $($(#[$doc])* $name,)*
        }

        impl Opcode {
            /// Every opcode, in encoding order.
            pub const ALL: &'static [Opcode] = &[$(Opcode::$name),*];

            /// The opcode's name as the disassembler prints it.
            pub fn name(self) -> &'static str {
                match self { $(Opcode::$name => stringify!($name)),* }
            }

            /// Decodes the lowest byte of a word; `Illegal` for a byte that is no opcode.
            #[inline(always)]
            pub const fn from_byte(byte: u8) -> Opcode {
                $(if byte == Opcode::$name as u8 { return Opcode::$name; })*
                Opcode::Illegal
            }
        }
    };
}

opcodes! {
    // ---- loads and moves -------------------------------------------------------------------------
    /// `A B`: `R[A] := R[B]`.
    Move,
    /// `A Bx`: `R[A] := K[Bx]`.
    LoadK,
    /// `A`, extra word `k` (a raw 32-bit constant index): `R[A] := K[k]`; `pc` passes the extra word.
    LoadKx,
    /// `A sBx`: `R[A] := sBx` as a number.
    LoadInteger,
    /// `A B`: `R[A], R[A+1], …, R[A+B] := nil` (`B + 1` registers).
    LoadNil,
    /// `A`: `R[A] := true`.
    LoadTrue,
    /// `A`: `R[A] := false`.
    LoadFalse,
    /// `A`: `R[A] := false`, and skips the next word (which is a `LoadTrue`): the tail of a comparison used as a value.
    LoadFalseSkip,

    // ---- upvalues, globals -----------------------------------------------------------------------
    /// `A B`: `R[A] := U[B]`.
    GetUpvalue,
    /// `A B`: `U[B] := R[A]`.
    SetUpvalue,
    /// `A Bx`: `R[A] := environment[K[Bx]]`; `K[Bx]` is a string; `__index` of the environment applies.
    GetGlobal,
    /// `A Bx`: `environment[K[Bx]] := R[A]`; `K[Bx]` is a string; `__newindex` applies.
    SetGlobal,
    /// `A`, extra word `k` (a raw 32-bit constant index): `GetGlobal` of `K[k]`, for names beyond `Bx`; `pc` passes the extra word.
    GetGlobalKx,
    /// `A`, extra word `k`: `SetGlobal` of `K[k]`, for names beyond `Bx`; `pc` passes the extra word.
    SetGlobalKx,

    // ---- tables ----------------------------------------------------------------------------------
    /// `A B C`: `R[A] := {}` with room for `B` array and `C` hash entries, both hints as *floating bytes*
    /// (`eeeeexxx`: value `xxx` if `eeeee` is 0, else `(8 + xxx) << (eeeee - 1)`, rounded up when encoded) as in 5.1: the hints are
    /// observable through `pairs` order and `#`, so they must be those of 5.1.
    /// See [`encode_float_byte`] and [`decode_float_byte`].
    NewTable,
    /// `A B C`: `R[A] := R[B][R[C]]`.
    GetTable,
    /// `A B C`: `R[A] := R[B][K[C]]`, `K[C]` a string.
    GetField,
    /// `A B C`: `R[A] := R[B][C]`, `C` itself the integer key 0..=255.
    GetInteger,
    /// `A B C`: `R[A][R[B]] := R[C]`.
    SetTable,
    /// `A B C`: `R[A][R[B]] := K[C]` (any constant: nil, boolean, number, string).
    SetTableK,
    /// `A B C`: `R[A][K[B]] := R[C]`, `K[B]` a string.
    SetField,
    /// `A B C`: `R[A][K[B]] := K[C]`, `K[B]` a string, `K[C]` any constant.
    SetFieldK,
    /// `A B C`: `R[A][B] := R[C]`, `B` itself the integer key 0..=255.
    SetInteger,
    /// `A B C`: `R[A+1] := R[B]; R[A] := R[B][K[C]]`, `K[C]` a string (`object:name`). `B` is read before `R[A+1]` is written.
    SelfField,
    /// `A B C`: `R[A+1] := R[B]; R[A] := R[B][R[C]]`; both are read before anything is written.
    SelfRegister,
    /// `A B C`: stores `B` values `R[A+1..=A+B]` (up to the top if `B = 0`) into the table `R[A]` at the keys
    /// `(C-1)*50 + 1, …`. If `C = 0` an extra word holds the raw 32-bit batch number used as `C`; `pc` passes it.
    /// Batches of 50 as in 5.1 ([`FIELDS_PER_FLUSH`]). The array part is grown to the last index first, as in 5.1.
    SetList,

    // ---- arithmetic: registers, constant right, constant left --------------------------------------
    /// `A B C`: `R[A] := R[B] + R[C]`. All arithmetic coerces strings to numbers and falls back to metamethods.
    Add,
    /// `A B C`: `R[A] := R[B] - R[C]`.
    Sub,
    /// `A B C`: `R[A] := R[B] * R[C]`.
    Mul,
    /// `A B C`: `R[A] := R[B] / R[C]`.
    Div,
    /// `A B C`: `R[A] := R[B] % R[C]` (`a - floor(a/b)*b`).
    Mod,
    /// `A B C`: `R[A] := R[B] ^ R[C]`.
    Pow,
    /// `A B C`: `R[A] := R[B] + K[C]`. In all constant forms the constant is a number.
    AddK,
    /// `A B C`: `R[A] := R[B] - K[C]`.
    SubK,
    /// `A B C`: `R[A] := R[B] * K[C]`.
    MulK,
    /// `A B C`: `R[A] := R[B] / K[C]`.
    DivK,
    /// `A B C`: `R[A] := R[B] % K[C]`.
    ModK,
    /// `A B C`: `R[A] := R[B] ^ K[C]`.
    PowK,
    /// `A B C`: `R[A] := K[B] + R[C]`.
    KAdd,
    /// `A B C`: `R[A] := K[B] - R[C]`.
    KSub,
    /// `A B C`: `R[A] := K[B] * R[C]`.
    KMul,
    /// `A B C`: `R[A] := K[B] / R[C]`.
    KDiv,
    /// `A B C`: `R[A] := K[B] % R[C]`.
    KMod,
    /// `A B C`: `R[A] := K[B] ^ R[C]`.
    KPow,
    /// `A B`: `R[A] := -R[B]`.
    Negate,
    /// `A B`: `R[A] := not R[B]`.
    Not,
    /// `A B`: `R[A] := #R[B]`.
    Length,
    /// `A B C`: `R[A] := R[B] .. R[B+1] .. … .. R[C]`, `B < C`, right-associative. `R[B..=C]` are consumed
    /// (temporaries): their values afterwards are unspecified.
    Concat,

    // ---- jumps and conditions (a Jump word follows each condition) ---------------------------------
    /// `sJ`: `pc += sJ`.
    Jump,
    /// `A B C`: condition `R[A] == R[B]` (with `__eq`); see "fused conditions".
    Eq,
    /// `A B C`: condition `R[A] == K[B]` (any constant, nil and booleans too; no metamethod can apply).
    EqK,
    /// `A B C`: condition `R[A] < R[B]`. `a > b` is compiled as `b < a` (operands still evaluated left to right), as in 5.1.
    Lt,
    /// `A B C`: condition `R[A] <= R[B]`. `a >= b` is compiled as `b <= a`.
    Le,
    /// `A B C`: condition `R[A] < K[B]`, `K[B]` a number.
    LtK,
    /// `A B C`: condition `R[A] <= K[B]`, `K[B]` a number.
    LeK,
    /// `A B C`: condition `K[B] < R[A]`, `K[B]` a number (for `R[A] > K[B]` and for `K[B] < R[A]`).
    GtK,
    /// `A B C`: condition `K[B] <= R[A]`, `K[B]` a number.
    GeK,
    /// `A C` (`B` = 0): condition "`R[A]` is neither nil nor false".
    Test,
    /// `A B C`: condition "`R[B]` is neither nil nor false"; if it equals `C`, `R[A] := R[B]` before the jump is taken.
    TestSet,

    // ---- calls -----------------------------------------------------------------------------------
    /// `A B C`: calls `R[A]` with the `B - 1` arguments `R[A+1], …` (up to the top if `B = 0`); stores `C - 1` results from `R[A]` up
    /// (all of them if `C = 0`, setting the top). Registers above `R[A]` are clobbered.
    Call,
    /// `A B`: `return R[A](R[A+1], …)`, arguments as in `Call`. Reuses the frame. Always followed by a `Return A 0` word, which runs
    /// when the callee was a native function.
    TailCall,
    /// `A B`: returns the `B - 1` values `R[A], …` (up to the top if `B = 0`); closes the frame's open upvalues (as do `Return0`, `Return1`).
    Return,
    /// (no operands): returns nothing.
    Return0,
    /// `A`: returns `R[A]`.
    Return1,
    /// `A B`: `R[A], R[A+1], …, R[A+B-2] :=` the function's extra arguments, padded with nil; all of them if `B = 0`, setting the top.
    VarArg,
    /// `A Bx`: `R[A] :=` a closure of the nested prototype `Bx`. Which variables it captures is in that prototype's
    /// [`upvalues`](crate::proto::Proto::upvalues): no pseudo instructions follow.
    Closure,
    /// `A`: closes every open upvalue of the registers `A` and above (end of a block or `break` out of one whose locals were captured).
    Close,

    // ---- loops -----------------------------------------------------------------------------------
    /// `A sBx`: starts a numeric `for` with `R[A]` initial value, `R[A+1]` limit, `R[A+2]` step. Converts strings to numbers (or raises
    /// `'for' initial value must be a number`, …), then `R[A] := R[A] - R[A+2] + R[A+2]` (as 5.1 computes it). If the loop runs at
    /// all, `R[A+3] := R[A]` and execution goes on with the body (next word); else `pc += sBx`, which goes to the word after the
    /// matching `ForLoop`.
    ForPrep,
    /// `A sBx`: `R[A] += R[A+2]`; if the limit `R[A+1]` is not passed, `R[A+3] := R[A]` and `pc += sBx` (back to the body's first word).
    ForLoop,
    /// `A C` (`B` = 0): `R[A+3], …, R[A+2+C] := R[A](R[A+1], R[A+2])`, `C ≥ 1`. Clobbers `R[A+3]` and above, at least up to `R[A+5]`, so the
    /// frame needs them (`max_stack`). The body is entered by a `Jump` to this word, which stands after the body, before `TForLoop`.
    TForCall,
    /// `A sBx`: if `R[A+3] ~= nil` then `R[A+2] := R[A+3]` and `pc += sBx` (back to the body's first word). Follows `TForCall`.
    TForLoop,

    // ---- never emitted -----------------------------------------------------------------------------
    /// Any byte that is no opcode decodes to this. The compiler never emits it and the VM stops with an error on it.
    Illegal,
}

/// How many list items of a table constructor one `SetList` flushes (observable in evaluation limits; as in 5.1).
pub const FIELDS_PER_FLUSH: u32 = 50;
/// The highest number of registers a function may use (5.1's `MAXSTACK`).
pub const MAX_REGISTERS: usize = 250;
/// The largest `Bx`.
pub const MAX_BX: u32 = u16::MAX as u32;
/// The largest constant index usable as an 8-bit operand.
pub const MAX_OPERAND: u32 = u8::MAX as u32;
/// The largest magnitude of a jump offset.
pub const MAX_JUMP: i32 = (1 << 23) - 1;

/// One 32-bit word of code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instruction(pub u32);

impl Instruction {
    /// An instruction with three 8-bit operands.
    pub const fn abc(opcode: Opcode, a: u8, b: u8, c: u8) -> Instruction {
        Instruction(opcode as u32 | (a as u32) << 8 | (b as u32) << 16 | (c as u32) << 24)
    }

    /// An instruction with an 8-bit and an unsigned 16-bit operand.
    pub const fn abx(opcode: Opcode, a: u8, bx: u16) -> Instruction {
        Instruction(opcode as u32 | (a as u32) << 8 | (bx as u32) << 16)
    }

    /// An instruction with an 8-bit and a signed 16-bit operand.
    pub const fn asbx(opcode: Opcode, a: u8, sbx: i16) -> Instruction {
        Instruction::abx(opcode, a, sbx as u16)
    }

    /// A jump; the offset must be within ±[`MAX_JUMP`].
    pub const fn jump(offset: i32) -> Instruction {
        Instruction(Opcode::Jump as u32 | (offset as u32) << 8)
    }

    /// An extra word that holds raw data (`LoadKx`, `GetGlobalKx`, `SetGlobalKx`, `SetList`).
    pub const fn raw(data: u32) -> Instruction {
        Instruction(data)
    }

    /// The opcode.
    #[inline(always)]
    pub const fn opcode(self) -> Opcode {
        Opcode::from_byte(self.0 as u8)
    }

    /// Operand `A`.
    #[inline(always)]
    pub const fn a(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// Operand `B`.
    #[inline(always)]
    pub const fn b(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// Operand `C`.
    #[inline(always)]
    pub const fn c(self) -> u8 {
        (self.0 >> 24) as u8
    }

    /// Operand `Bx`.
    #[inline(always)]
    pub const fn bx(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Operand `sBx`.
    #[inline(always)]
    pub const fn sbx(self) -> i16 {
        (self.0 >> 16) as i16
    }

    /// Operand `sJ`: a signed 24-bit offset.
    #[inline(always)]
    pub const fn sj(self) -> i32 {
        self.0 as i32 >> 8
    }

    /// A tail call as a call that leaves all results where they are.
    pub(crate) const fn as_call(self) -> Instruction {
        Instruction::abc(Opcode::Call, self.a(), self.b(), 0)
    }

    /// Whether a raw extra word follows this instruction.
    pub const fn has_extra_word(self) -> bool {
        match self.opcode() {
            Opcode::LoadKx | Opcode::GetGlobalKx | Opcode::SetGlobalKx => true,
            Opcode::SetList => self.c() == 0,
            _ => false,
        }
    }
}

impl std::fmt::Debug for Instruction {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (a, b, c) = (self.a(), self.b(), self.c());
        write!(formatter, "{} {a} {b} {c}", self.opcode().name())
    }
}

/// Encodes a size hint as a floating byte, rounding up (`NewTable`).
pub const fn encode_float_byte(mut size: u32) -> u8 {
    let mut exponent = 0u32;
    while size >= 16 {
        size = size.div_ceil(2);
        exponent += 1;
    }
    if size < 8 {
        size as u8
    } else {
        (((exponent + 1) << 3) | (size - 8)) as u8
    }
}

/// Decodes a size hint from a floating byte (`NewTable`).
pub const fn decode_float_byte(byte: u8) -> u32 {
    let exponent = (byte >> 3) as u32;
    let mantissa = (byte & 7) as u32;
    if exponent == 0 {
        mantissa
    } else {
        (mantissa + 8) << (exponent - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_survive_encoding() {
        let word = Instruction::abc(Opcode::SetField, 1, 200, 255);
        assert_eq!(
            (word.opcode(), word.a(), word.b(), word.c()),
            (Opcode::SetField, 1, 200, 255)
        );
        assert_eq!(Instruction::asbx(Opcode::ForLoop, 7, -300).sbx(), -300);
        assert_eq!(Instruction::jump(-MAX_JUMP).sj(), -MAX_JUMP);
        assert_eq!(Instruction::jump(MAX_JUMP).sj(), MAX_JUMP);
    }

    #[test]
    fn every_opcode_decodes_to_itself() {
        for &opcode in Opcode::ALL {
            assert_eq!(Opcode::from_byte(opcode as u8), opcode);
        }
        assert_eq!(Opcode::from_byte(255), Opcode::Illegal);
    }

    #[test]
    fn float_bytes_round_up() {
        for size in 0..100_000 {
            let decoded = decode_float_byte(encode_float_byte(size));
            assert!(
                decoded >= size && decoded <= size + size / 8 + 1,
                "{size} became {decoded}"
            );
        }
    }
}
