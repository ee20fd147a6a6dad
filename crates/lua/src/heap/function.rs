//! Functions, the variables they capture, userdata and threads: how they are made and changed.

use std::any::Any;

use super::arena::Object;
use super::{Closure, Heap, Native, Role, Upvalue, Userdata};
use crate::native::{NativeFunction, Question};
use crate::thread::Thread;
use crate::value::{
    ClosureHandle, NativeHandle, TableHandle, ThreadHandle, UpvalueHandle, UserdataHandle, Value,
};

impl Heap {
    pub(crate) fn new_closure(&mut self, closure: Closure) -> ClosureHandle {
        self.bytes += closure.size();
        ClosureHandle(self.closures.insert(closure))
    }

    /// Gives a Lua function its environment.
    pub(crate) fn set_closure_environment(
        &mut self,
        closure: ClosureHandle,
        environment: TableHandle,
    ) {
        self.closures[closure.index()].environment = environment;
        self.barrier_closure(closure, Value::Table(environment));
    }

    pub(crate) fn new_upvalue(&mut self, upvalue: Upvalue) -> UpvalueHandle {
        self.bytes += size_of::<Upvalue>();
        UpvalueHandle(self.upvalues.insert(upvalue))
    }

    /// Makes a native function value, with upvalues of its own; its environment is the global table.
    pub fn new_native(&mut self, function: NativeFunction, upvalues: &[Value]) -> NativeHandle {
        let native = Native {
            function,
            environment: self.globals,
            upvalues: upvalues.into(),
            shortcut: None,
            role: Role::Ordinary,
        };
        self.bytes += native.size();
        NativeHandle(self.natives.insert(native))
    }

    /// Lets the VM itself do what a native function does.
    pub(crate) fn set_role(&mut self, native: NativeHandle, role: Role) {
        self.natives[native.index()].role = role;
    }

    /// Tells the VM that a native function is a protected call whose second result, if the call failed, is what `on_error` makes of the error. A
    /// call of it then needs no step of the function, which is to do the same for whoever calls it by other means.
    pub fn mark_protected_call(
        &mut self,
        native: NativeHandle,
        on_error: fn(&mut Heap, Value) -> Value,
    ) {
        self.set_role(native, Role::ProtectedCall(on_error));
    }

    /// Tells the VM that a native function just asks the host ([`Call::put_question`](crate::native::Call::put_question)). A
    /// call of it then needs no step of the function, which is to do the same for whoever calls it by other means.
    pub fn mark_question(&mut self, native: NativeHandle, question: Question) {
        self.set_role(native, Role::Question(question));
    }

    /// Puts native functions into a table under their names.
    pub fn register(&mut self, table: TableHandle, entries: &[crate::native::LibraryEntry]) {
        for &(name, function) in entries {
            let native = self.new_native(function, &[]);
            self.raw_set_field(table, name, Value::Native(native));
        }
    }

    /// Upvalue `n` (from 0) of a native function; nil if there is none.
    pub fn native_upvalue(&self, native: NativeHandle, n: usize) -> Value {
        self.natives[native.index()]
            .upvalues
            .get(n)
            .copied()
            .unwrap_or(Value::Nil)
    }

    /// Sets upvalue `n` (from 0) of a native function, if it has that many.
    pub fn set_native_upvalue(&mut self, native: NativeHandle, n: usize, value: Value) {
        if let Some(slot) = self.natives[native.index()].upvalues.get_mut(n) {
            *slot = value;
        }
        self.barrier_native(native, value);
    }

    /// Makes a full userdata.
    pub fn new_userdata(
        &mut self,
        object: Box<dyn Any + Send>,
        metatable: Option<TableHandle>,
    ) -> UserdataHandle {
        let userdata = Userdata {
            object,
            metatable,
            environment: self.globals,
        };
        self.bytes += userdata.size();
        UserdataHandle(self.userdata.insert(userdata))
    }

    /// The host object inside a full userdata, if it is a `T`.
    pub fn userdata<T: Any>(&self, handle: UserdataHandle) -> Option<&T> {
        self.userdata[handle.index()].object.downcast_ref()
    }

    /// The host object inside a full userdata, if it is a `T`.
    pub fn userdata_mut<T: Any>(&mut self, handle: UserdataHandle) -> Option<&mut T> {
        self.userdata[handle.index()].object.downcast_mut()
    }

    pub(crate) fn new_thread(&mut self, mut thread: Thread) -> ThreadHandle {
        self.recount_thread(&mut thread);
        ThreadHandle(self.threads.insert(Box::new(thread)))
    }
}
