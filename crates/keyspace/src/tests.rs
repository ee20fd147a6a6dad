use std::sync::Arc;

use types::{StringValue, Value};

use crate::{Event, EventClass, Expiry, Keyspace, LockPlan, Patience, Unit, WaiterId, Watch};

const SET: Event = Event::string("set");
const LEFT: Event = Event::generic("rename_from");
const ARRIVED: Event = Event::generic("rename_to");

fn with_unit<T>(keyspace: &Keyspace, work: impl FnOnce(&mut Unit<'_>) -> T) -> T {
    work(&mut keyspace.lock(&LockPlan::All, 0, 1_000))
}

fn string(text: &str) -> Value {
    Value::String(StringValue::new(text.as_bytes()))
}

fn text(unit: &mut Unit<'_>, key: &[u8]) -> Option<Vec<u8>> {
    unit.read::<StringValue>(key)
        .expect("a string")
        .map(|value| value.text().to_vec())
}

#[test]
fn a_relocated_key_keeps_its_value_and_expiry_and_counts_once() {
    let keyspace = Keyspace::new(2);
    keyspace.settings.set_notify_mask(EventClass::GENERIC.0);
    with_unit(&keyspace, |unit| {
        unit.set(b"from", string("value"), Expiry::At(5_000), SET);
        unit.set(b"to", string("old"), Expiry::Clear, SET);
        let dirty = unit.changes.dirty;
        assert!(unit.relocate((0, b"from"), (0, b"to"), LEFT, ARRIVED));
        assert_eq!(unit.changes.dirty, dirty + 1);
        assert!(!unit.exists(b"from"));
        assert_eq!(text(unit, b"to"), Some(b"value".to_vec()));
        assert_eq!(unit.expiry(b"to"), Some(Some(5_000)));
        let events: Vec<_> = unit
            .changes
            .events
            .iter()
            .map(|event| event.event)
            .collect();
        assert_eq!(events, [LEFT, ARRIVED]);

        assert!(unit.relocate((0, b"to"), (1, b"to"), LEFT, ARRIVED));
        assert_eq!((unit.database(), unit.exists(b"to")), (0, false));
        unit.select(1);
        assert_eq!(text(unit, b"to"), Some(b"value".to_vec()));
        assert!(!unit.relocate((0, b"to"), (1, b"to"), LEFT, ARRIVED));
        assert_eq!(text(unit, b"to"), Some(b"value".to_vec()));
    });
}

#[test]
fn a_relocation_is_seen_by_watchers_and_waiters() {
    let keyspace = Keyspace::new(1);
    let (from, to) = (Arc::new(Watch::default()), Arc::new(Watch::default()));
    with_unit(&keyspace, |unit| {
        unit.set(b"from", string("value"), Expiry::Clear, SET);
        unit.watch(b"from", &from);
        unit.watch(b"to", &to);
        unit.wait_for(b"to", WaiterId(7));
        unit.relocate((0, b"from"), (0, b"to"), LEFT, ARRIVED);
        assert_eq!(&*unit.changes.ready[0].key, b"to");
    });
    assert!(from.is_changed() && to.is_changed());
}

#[test]
fn a_glance_counts_a_look_up_but_no_access() {
    let keyspace = Keyspace::new(1);
    with_unit(&keyspace, |unit| {
        unit.set(b"key", string("value"), Expiry::Clear, SET);
        unit.set_now_ms(11_000);
        assert!(unit.glance(b"key").is_some() && unit.glance(b"none").is_none());
        assert_eq!((unit.changes.hits, unit.changes.misses), (1, 1));
        assert_eq!(unit.object_info(b"key").expect("there").idle_seconds, 10);
        assert!(unit.touch_key(b"key"));
        assert_eq!(unit.object_info(b"key").expect("there").idle_seconds, 0);
    });
}

#[test]
fn a_key_past_its_time_is_gone_and_no_change() {
    let keyspace = Keyspace::new(1);
    with_unit(&keyspace, |unit| {
        unit.set(b"key", string("value"), Expiry::At(2_000), SET);
        let dirty = unit.changes.dirty;
        unit.set_now_ms(2_000);
        assert!(unit.get(b"key").is_none());
        assert_eq!((unit.changes.expired, unit.changes.dirty), (1, dirty));
        assert_eq!(unit.key_count(), 0);
    });
}

#[test]
fn a_kept_lock_serves_the_next_unit_of_its_shard_alone() {
    let keyspace = Keyspace::new(1);
    let plan = |key: &'static [u8]| LockPlan::for_keys([key]);
    let mut patience = Patience::default();
    let kept = keyspace.lock(&plan(b"key"), 0, 1_000).take_lock();
    assert!(kept.is_some());
    assert!(keyspace.try_lock(&plan(b"key"), 0, 1_000).is_none());
    let mut next = |kept, key| keyspace.try_lock_with(kept, &plan(key), 0, 1_000, &mut patience);
    let mut unit = next(kept, b"{key}2").expect("the lock is handed on");
    unit.set(b"key", string("value"), Expiry::Clear, SET);
    let other = next(unit.take_lock(), b"other").expect("nobody has it");
    assert!(keyspace.try_lock(&plan(b"key"), 0, 1_000).is_some());
    drop((unit, other));
    let mut all = keyspace.lock(&LockPlan::All, 0, 1_000);
    assert!(all.take_lock().is_none());
}
