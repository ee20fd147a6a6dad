//! The post between event loops: each has a mailbox and a way to be woken.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::client::WorkerIndex;
use crate::message::Message;

/// Wakes an event loop that may be asleep in its poller.
pub(crate) type Wake = Box<dyn Fn() + Send + Sync>;

struct Mailbox {
    messages: Mutex<VecDeque<Message>>,
    /// Whether the loop was woken for what is in the box already: one wake-up is enough.
    woken: AtomicBool,
    wake: Mutex<Option<Wake>>,
}

/// All mailboxes.
pub(crate) struct Post {
    boxes: Vec<Mailbox>,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Post").field("boxes", &self.boxes.len()).finish()
    }
}

impl Post {
    pub(crate) fn new(workers: usize) -> Post {
        let boxes = (0..workers)
            .map(|_| Mailbox {
                messages: Mutex::default(),
                woken: AtomicBool::new(false),
                wake: Mutex::new(None),
            })
            .collect();
        Post { boxes }
    }

    /// Tells how to wake an event loop; what was sent before is kept.
    pub(crate) fn register(&self, worker: WorkerIndex, wake: Wake) {
        *self.boxes[worker].wake.lock() = Some(wake);
    }

    pub(crate) fn workers(&self) -> usize {
        self.boxes.len()
    }

    pub(crate) fn send(&self, worker: WorkerIndex, message: Message) {
        let mailbox = &self.boxes[worker];
        mailbox.messages.lock().push_back(message);
        if !mailbox.woken.swap(true, Ordering::AcqRel) {
            if let Some(wake) = &*mailbox.wake.lock() {
                wake();
            }
        }
    }

    pub(crate) fn send_all(&self, message: impl Fn() -> Message) {
        for worker in 0..self.boxes.len() {
            self.send(worker, message());
        }
    }

    /// Takes all messages for an event loop.
    pub(crate) fn collect(&self, worker: WorkerIndex) -> VecDeque<Message> {
        let mailbox = &self.boxes[worker];
        mailbox.woken.store(false, Ordering::Release);
        std::mem::take(&mut *mailbox.messages.lock())
    }
}
