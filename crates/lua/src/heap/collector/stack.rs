//! Scanning threads: stacks frame by frame, from the lowest one that may have changed.

use std::sync::Arc;

use super::super::Heap;
use super::Roots;
use super::mark::Shade;
use crate::loaded::LoadedProto;
use crate::thread::{Thread, WINDOW};
use crate::value::Value;

impl Heap {
    /// Scans the running thread. False if `left` was not enough.
    pub(super) fn scan_running(&mut self, roots: &mut Roots<'_>, left: &mut usize) -> bool {
        let (mut shade, _) = self.parts(roots.loaded.len());
        shade.value(Value::Thread(roots.current));
        shade.work = 0;
        let is_whole = shade.thread(roots.thread, roots.loaded, roots.native_top, *left);
        if is_whole {
            shade.open_slots(roots.thread);
        }
        *left = left.saturating_sub(shade.work + 1);
        is_whole
    }
}

impl Shade<'_> {
    /// Scans the frames of a thread that may have changed since they were scanned, from the lowest
    /// up, and stops after about `most` units of work. Whether it came to the top.
    pub(super) fn thread(
        &mut self,
        thread: &mut Thread,
        loaded: &[Option<Arc<LoadedProto>>],
        native_top: usize,
        most: usize,
    ) -> bool {
        let number = self.number;
        self.value(Value::Table(thread.environment));
        self.value(thread.resumer.map_or(Value::Nil, Value::Thread));
        for native in &thread.natives {
            self.value(Value::Native(native.function));
            self.value(native.handler.unwrap_or_default());
        }
        let max_stack = |proto: u32| {
            loaded
                .get(proto as usize)
                .and_then(Option::as_ref)
                .map_or(WINDOW, |loaded| usize::from(loaded.proto.max_stack))
        };
        let used = thread.used_slots(max_stack).max(native_top);
        let end = used.min(thread.stack.len());
        // A frame that was there when what is below it was scanned.
        let unchanged = thread
            .frames
            .iter()
            .rposition(|frame| frame.scanned == number);
        let mut index = unchanged.unwrap_or(0);
        self.work += (thread.frames.len() - index) / 16;
        let mut from = match unchanged {
            Some(index) => thread.frames[index].function as usize,
            None => 0,
        };
        loop {
            let above = thread.frames.get(index + 1);
            let to = above.map_or(end, |frame| frame.function as usize);
            if let Some(closure) = thread.frames.get(index).and_then(|frame| frame.closure()) {
                self.value(Value::Function(closure));
            }
            if from < to {
                self.work += to - from;
                for &value in &thread.stack[from..to] {
                    self.value(value);
                }
            }
            let open = &thread.open;
            let first = open.partition_point(|open| (open.slot as usize) < from);
            for open in open[first..]
                .iter()
                .take_while(|open| (open.slot as usize) < to)
            {
                self.upvalue(open.upvalue);
            }
            let Some(above) = thread.frames.get_mut(index + 1) else {
                return true;
            };
            above.scanned = number;
            from = to;
            index += 1;
            if self.work >= most {
                return false;
            }
        }
    }

    /// Scans the slots that closures captured: functions higher up can have assigned to them.
    fn open_slots(&mut self, thread: &Thread) {
        self.work += thread.open.len();
        for open in &thread.open {
            if let Some(value) = thread.stack.get(open.slot as usize) {
                self.value(*value);
            }
        }
    }
}
