//! What a handler asks for when it names a type: `unit.read::<Hash>(key)`.

use thiserror::Error;
use types::{Hash, List, Set, SortedSet, StringValue, Value};

/// A key holds another type than the command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
pub struct WrongType;

/// A value type that can stand under a key.
pub trait Kind: Sized {
    /// Whether a change can leave a value for which the key must go.
    const CAN_BE_GONE: bool = true;
    /// This type's view of `value`, or `None` if it holds another type.
    fn of(value: &Value) -> Option<&Self>;
    /// As [`Kind::of`], mutable. Only the door calls it.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    /// Makes the value that goes under the key.
    fn into_value(self) -> Value;
    /// Whether the key must go when the value looks like this. A string may be empty, a collection may not.
    fn is_gone(&self) -> bool;
}

impl Kind for StringValue {
    const CAN_BE_GONE: bool = false;
    #[inline]
    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::String(string) => Some(string),
            _ => None,
        }
    }
    #[inline]
    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::String(string) => Some(string),
            _ => None,
        }
    }
    fn into_value(self) -> Value {
        Value::String(self)
    }
    fn is_gone(&self) -> bool {
        false
    }
}

macro_rules! collection_kind {
    ($type:ident) => {
        impl Kind for $type {
            #[inline]
            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$type(inner) => Some(inner),
                    _ => None,
                }
            }
            #[inline]
            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                match value {
                    Value::$type(inner) => Some(inner),
                    _ => None,
                }
            }
            fn into_value(self) -> Value {
                Value::$type(Box::new(self))
            }
            fn is_gone(&self) -> bool {
                self.is_empty()
            }
        }
    };
}

collection_kind!(List);
collection_kind!(Hash);
collection_kind!(Set);
collection_kind!(SortedSet);
