//! Lists of jumps that wait for their target.
//!
//! A jump whose target is not known yet is a node of one list; lists are joined in constant time and patched all at
//! once. A node remembers whether a `TestSet` stands before its jump: such a jump can deliver the tested value to
//! the register the expression finally goes to, or is turned into a plain `Test` when nobody wants the value.

use super::error::SyntaxError;
use super::{Compiler, Result};
use crate::opcode::{Instruction, Opcode};

/// Marks the end of a list and the missing register of a `TestSet`.
const END: u32 = u32::MAX;

/// The `A` operand of a `TestSet` that does not know its destination yet.
pub const NO_REGISTER: u8 = u8::MAX;

/// The longest jump, in words. Ours could be longer; this is what 5.1 can encode, and its programs are about as long.
const MAX_DISTANCE: i64 = (1 << 17) - 1;

/// One waiting jump.
#[derive(Clone, Copy)]
pub struct JumpNode {
    /// Index of the `Jump` word.
    at: u32,
    next: u32,
    kind: JumpKind,
}

/// What stands before a jump.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JumpKind {
    /// Nothing that concerns it.
    Plain,
    /// A condition, with no value to deliver.
    Condition,
    /// A `TestSet`, which can deliver the value it tests.
    Test,
}

/// A list of waiting jumps, by their numbers in the compiler's table of nodes.
#[derive(Clone, Copy)]
pub struct JumpList {
    head: u32,
    tail: u32,
}

impl JumpList {
    pub const EMPTY: JumpList = JumpList {
        head: END,
        tail: END,
    };

    pub fn is_empty(self) -> bool {
        self.head == END
    }
}

impl Compiler<'_> {
    /// Emits an unconditional jump. Jumps that were waiting for this place go where it goes.
    pub fn emit_jump(&mut self) -> Result<JumpList> {
        let waiting = std::mem::replace(&mut self.function.waiting, JumpList::EMPTY);
        // They come here without the values they tested: whoever takes the list must not deliver those.
        self.drop_values(waiting);
        let mut list = self.emit_jump_word(JumpKind::Plain)?;
        self.join(&mut list, waiting);
        Ok(list)
    }

    /// Emits a condition and the jump that is taken when its outcome is what its operand `C` says.
    pub fn emit_conditional(&mut self, condition: Instruction) -> Result<JumpList> {
        self.emit(condition)?;
        self.emit_jump_word(if condition.opcode() == Opcode::TestSet {
            JumpKind::Test
        } else {
            JumpKind::Condition
        })
    }

    fn emit_jump_word(&mut self, kind: JumpKind) -> Result<JumpList> {
        let at = self.emit(Instruction::jump(-1))?;
        let node = self.jumps.len() as u32;
        self.jumps.push(JumpNode {
            at,
            next: END,
            kind,
        });
        Ok(JumpList {
            head: node,
            tail: node,
        })
    }

    /// Appends `other` to `list`.
    pub fn join(&mut self, list: &mut JumpList, other: JumpList) {
        if other.is_empty() {
            return;
        }
        if list.is_empty() {
            *list = other;
        } else {
            self.jumps[list.tail as usize].next = other.head;
            list.tail = other.tail;
        }
    }

    /// Makes the condition of a single-jump list jump on the opposite outcome.
    pub fn invert(&mut self, list: JumpList) {
        let condition = self.jumps[list.head as usize].at as usize - 1;
        let word = &mut self.function.code[condition];
        *word = Instruction::abc(word.opcode(), word.a(), word.b(), word.c() ^ 1);
    }

    /// Whether the list is just the jump at `at`, taken under a condition.
    pub fn is_condition_at(&self, list: JumpList, at: u32) -> bool {
        !list.is_empty() && list.head == list.tail && {
            let jump = self.jumps[list.head as usize];
            jump.at == at && jump.kind != JumpKind::Plain
        }
    }

    /// Whether some jump of the list does not bring the value that its condition tested.
    pub fn needs_value(&self, list: JumpList) -> bool {
        let mut node = list.head;
        while node != END {
            let jump = self.jumps[node as usize];
            if jump.kind != JumpKind::Test {
                return true;
            }
            node = jump.next;
        }
        false
    }

    /// Makes every condition of the list a plain test, because the values tested are of no use.
    pub fn drop_values(&mut self, list: JumpList) {
        let mut node = list.head;
        while node != END {
            self.patch_test(node, NO_REGISTER);
            node = self.jumps[node as usize].next;
        }
    }

    /// Directs the value that the node's condition tests, if it is a `TestSet`, to a register (or nowhere). Says
    /// whether it was one.
    fn patch_test(&mut self, node: u32, register: u8) -> bool {
        let jump = &mut self.jumps[node as usize];
        if jump.kind != JumpKind::Test {
            return false;
        }
        let word = &mut self.function.code[jump.at as usize - 1];
        let (tested, outcome) = (word.b(), word.c());
        if register != NO_REGISTER && register != tested {
            *word = Instruction::abc(Opcode::TestSet, register, tested, outcome);
        } else {
            *word = Instruction::abc(Opcode::Test, tested, 0, outcome);
            // From here on it brings no value, but only lists whose values are dropped are looked at again.
            jump.kind = JumpKind::Condition;
        }
        true
    }

    /// The place for the next instruction, which some jump goes to: what stands before it must not be merged
    /// with what follows.
    pub fn label(&mut self) -> u32 {
        let here = self.function.code.len() as u32;
        self.function.last_target = here;
        here
    }

    /// Directs all jumps of the list to the next instruction.
    pub fn patch_to_here(&mut self, list: JumpList) {
        self.label();
        let mut waiting = self.function.waiting;
        self.join(&mut waiting, list);
        self.function.waiting = waiting;
    }

    /// Directs all jumps of the list to `target`.
    pub fn patch(&mut self, list: JumpList, target: u32) -> Result<()> {
        if target as usize == self.function.code.len() {
            self.patch_to_here(list);
            return Ok(());
        }
        self.patch_values(list, target, NO_REGISTER, target)
    }

    /// Directs the jumps that bring a value to `with_value`, delivering it to `register`, and the others to `plain`.
    pub fn patch_values(
        &mut self,
        list: JumpList,
        with_value: u32,
        register: u8,
        plain: u32,
    ) -> Result<()> {
        let mut node = list.head;
        while node != END {
            let target = if self.patch_test(node, register) {
                with_value
            } else {
                plain
            };
            let jump = self.jumps[node as usize];
            self.set_jump(jump.at, target)?;
            node = jump.next;
        }
        Ok(())
    }

    /// Makes the word at `at` a jump to `target`.
    pub fn set_jump(&mut self, at: u32, target: u32) -> Result<()> {
        let offset = i64::from(target) - i64::from(at) - 1;
        if offset.abs() > MAX_DISTANCE {
            return Err(self.jump_error());
        }
        self.function.code[at as usize] = Instruction::jump(offset as i32);
        Ok(())
    }

    /// Fails if a loop from `start` to here is longer than a jump may be.
    pub fn check_distance(&self, start: u32) -> Result<()> {
        if self.function.code.len() as i64 - i64::from(start) > MAX_DISTANCE {
            return Err(self.jump_error());
        }
        Ok(())
    }

    #[cold]
    fn jump_error(&self) -> Box<super::CompileError> {
        self.lexer.error(SyntaxError::JumpTooLong)
    }
}
