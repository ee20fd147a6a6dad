//! The kinds of objects besides strings and tables, and what each kind takes.

use std::any::Any;

use super::arena::Object;
use super::{Captured, Heap};
use crate::native::{Flow, NativeFunction, Question};
use crate::shortcut::Shortcut;
use crate::table::Table;
use crate::thread::Thread;
use crate::value::{TableHandle, ThreadHandle, Value};

/// The environment in vacant slots of natives and userdata.
const NO_TABLE: TableHandle = TableHandle(u32::MAX);
/// The prototype in vacant slots of closures.
const NO_PROTO: u32 = u32::MAX;
/// What vacant slots of upvalues hold.
const NO_UPVALUE: Upvalue = Upvalue::Open {
    thread: ThreadHandle(u32::MAX),
    slot: 0,
};

/// A Lua function together with the variables it captured.
pub(crate) struct Closure {
    /// Number of the loaded prototype.
    pub(crate) proto: u32,
    pub(crate) environment: TableHandle,
    pub(crate) upvalues: Captured,
}

/// A variable captured by closures.
#[derive(Clone, Copy)]
pub(crate) enum Upvalue {
    /// Still a register of a running function.
    Open { thread: ThreadHandle, slot: u32 },
    /// On its own.
    Closed(Value),
}

impl Default for Upvalue {
    fn default() -> Upvalue {
        Upvalue::Closed(Value::Nil)
    }
}

/// A native function as a value.
pub(crate) struct Native {
    pub(crate) function: NativeFunction,
    pub(crate) environment: TableHandle,
    pub(crate) upvalues: Box<[Value]>,
    pub(crate) shortcut: Option<Shortcut>,
    pub(crate) role: Role,
}

/// What the VM itself does when a native function is called. The function itself does the same, for whoever calls it otherwise than by a call instruction.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// Nothing: the function is run.
    Ordinary,
    /// A protected call. What was raised goes through the function before it is returned.
    ProtectedCall(fn(&mut Heap, Value) -> Value),
    /// `coroutine.resume`.
    Resume,
    /// Resumes the coroutine that is its first upvalue.
    Wrapper,
    /// `coroutine.yield`.
    Yield,
    /// Asks the host.
    Question(Question),
    /// Has a shortcut that gives several values, which is tried first.
    Window,
    /// An iterator that `gmatch` made, which loops step.
    Matches,
}

/// A host object as a value.
pub(crate) struct Userdata {
    pub(crate) object: Box<dyn Any + Send>,
    pub(crate) metatable: Option<TableHandle>,
    pub(crate) environment: TableHandle,
}

impl Object for Closure {
    fn is_vacant(&self) -> bool {
        self.proto == NO_PROTO
    }

    fn vacate(&mut self) {
        *self = Closure {
            proto: NO_PROTO,
            environment: NO_TABLE,
            upvalues: Captured::new(),
        };
    }

    fn size(&self) -> usize {
        if self.is_vacant() {
            return 0;
        }
        size_of::<Closure>() + self.upvalues.bytes()
    }
}

impl Object for Upvalue {
    fn is_vacant(&self) -> bool {
        matches!(self, Upvalue::Open { thread, .. } if thread.0 == u32::MAX)
    }

    fn vacate(&mut self) {
        *self = NO_UPVALUE;
    }

    fn size(&self) -> usize {
        if self.is_vacant() {
            0
        } else {
            size_of::<Upvalue>()
        }
    }
}

impl Object for Native {
    fn is_vacant(&self) -> bool {
        self.environment == NO_TABLE
    }

    fn vacate(&mut self) {
        *self = Native {
            function: |_| Ok(Flow::Return(0)),
            environment: NO_TABLE,
            upvalues: Box::new([]),
            shortcut: None,
            role: Role::Ordinary,
        };
    }

    fn size(&self) -> usize {
        if self.is_vacant() {
            0
        } else {
            size_of::<Native>() + size_of_val(self.upvalues.as_ref())
        }
    }
}

impl Object for Userdata {
    fn is_vacant(&self) -> bool {
        self.environment == NO_TABLE
    }

    fn vacate(&mut self) {
        *self = Userdata {
            object: Box::new(()),
            metatable: None,
            environment: NO_TABLE,
        };
    }

    fn size(&self) -> usize {
        if self.is_vacant() {
            0
        } else {
            size_of::<Userdata>() + size_of_val(self.object.as_ref())
        }
    }
}

impl Object for Table {
    fn is_vacant(&self) -> bool {
        self.is_vacant
    }

    fn vacate(&mut self) {
        *self = Table::default();
        self.is_vacant = true;
    }

    fn size(&self) -> usize {
        if self.is_vacant {
            0
        } else {
            size_of::<Table>() + self.bytes()
        }
    }
}

impl Object for Box<Thread> {
    fn is_vacant(&self) -> bool {
        self.is_vacant
    }

    fn vacate(&mut self) {
        **self = Thread {
            is_vacant: true,
            ..Thread::default()
        };
    }

    // What was counted, not what there is: a thread's lists grow without being counted at once.
    fn size(&self) -> usize {
        self.counted
    }
}
