//! Keyspace events: what `notify-keyspace-events` can tell subscribers
//! (<https://redis.io/docs/latest/develop/pubsub/keyspace-notifications/>).

/// A class of keyspace events, one bit each, as the letters of `notify-keyspace-events` name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventClass(pub u16);

impl EventClass {
    /// `g`: commands on keys of any type.
    pub const GENERIC: EventClass = EventClass(1 << 0);
    /// `$`: string commands.
    pub const STRING: EventClass = EventClass(1 << 1);
    /// `l`: list commands.
    pub const LIST: EventClass = EventClass(1 << 2);
    /// `s`: set commands.
    pub const SET: EventClass = EventClass(1 << 3);
    /// `h`: hash commands.
    pub const HASH: EventClass = EventClass(1 << 4);
    /// `z`: sorted set commands.
    pub const SORTED_SET: EventClass = EventClass(1 << 5);
    /// `x`: a key expired.
    pub const EXPIRED: EventClass = EventClass(1 << 6);
    /// `e`: a key was evicted for memory.
    pub const EVICTED: EventClass = EventClass(1 << 7);
    /// `t`: stream commands.
    pub const STREAM: EventClass = EventClass(1 << 8);
    /// `d`: module key type events.
    pub const MODULE: EventClass = EventClass(1 << 9);
    /// `n`: a key was created (not in `A`).
    pub const NEW: EventClass = EventClass(1 << 10);
    /// `K`: publish on `__keyspace@<db>__:<key>`.
    pub const KEYSPACE: EventClass = EventClass(1 << 11);
    /// `E`: publish on `__keyevent@<db>__:<event>`.
    pub const KEYEVENT: EventClass = EventClass(1 << 12);
    /// `m`: a key was looked up and missing (not in `A`).
    pub const KEY_MISS: EventClass = EventClass(1 << 13);
    /// No class of events: in a mask, it says that modifications are gathered too. It lies there because every unit reads
    /// the mask anyway.
    pub(crate) const MODIFICATION: EventClass = EventClass(1 << 15);
}

/// A keyspace event: its class and its name, e.g. `STRING` and `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The class that decides whether it is published.
    pub class: EventClass,
    /// The name subscribers see.
    pub name: &'static str,
}

impl Event {
    /// An event of any class.
    pub const fn new(class: EventClass, name: &'static str) -> Event {
        Event { class, name }
    }
    /// A generic (`g`) event such as `del` or `expire`.
    pub const fn generic(name: &'static str) -> Event {
        Event::new(EventClass::GENERIC, name)
    }
    /// A string (`$`) event such as `set`.
    pub const fn string(name: &'static str) -> Event {
        Event::new(EventClass::STRING, name)
    }
    /// A list (`l`) event such as `lpush`.
    pub const fn list(name: &'static str) -> Event {
        Event::new(EventClass::LIST, name)
    }
    /// A set (`s`) event such as `sadd`.
    pub const fn set(name: &'static str) -> Event {
        Event::new(EventClass::SET, name)
    }
    /// A hash (`h`) event such as `hset`.
    pub const fn hash(name: &'static str) -> Event {
        Event::new(EventClass::HASH, name)
    }
    /// A sorted set (`z`) event such as `zadd`.
    pub const fn sorted_set(name: &'static str) -> Event {
        Event::new(EventClass::SORTED_SET, name)
    }
    /// The event of a key that is gone.
    pub const DEL: Event = Event::generic("del");
    /// The event of a key whose time came.
    pub const EXPIRED: Event = Event::new(EventClass::EXPIRED, "expired");
    /// The event of a key that did not exist before.
    pub const NEW: Event = Event::new(EventClass::NEW, "new");
    /// The event of a look-up that found nothing.
    pub const KEY_MISS: Event = Event::new(EventClass::KEY_MISS, "keymiss");
}
