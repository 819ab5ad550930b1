//! The values of a context: a list, the last one first, that contexts share the rest of.
//!
//! What must hold: the drop of a list uses no stack by its length, whoever else drops a part of it meanwhile.

use std::any::Any;
use std::sync::Arc;

/// The values of a context, if it has any.
pub(super) type Values = Option<Arc<Value>>;

/// One value, before all others.
pub(super) struct Value<T: ?Sized = dyn Any + Send + Sync> {
    rest: Values,
    value: T,
}

impl Value {
    /// The list with one more value.
    pub(super) fn before<T: Any + Send + Sync>(rest: &Values, value: T) -> Values {
        let rest = rest.clone();
        Some(Arc::new(Value { rest, value }))
    }
}

/// The first value of a type.
pub(super) fn find<T: Any>(values: &Values) -> Option<&T> {
    let mut at = values;
    while let Some(value) = at {
        if let Some(found) = value.value.downcast_ref() {
            return Some(found);
        }
        at = &value.rest;
    }
    None
}

impl<T: ?Sized> Drop for Value<T> {
    fn drop(&mut self) {
        let mut next = self.rest.take();
        while let Some(mut value) = next {
            // Shared: whoever has the other one goes on. If both find it shared, the last of them to go does
            // so in a drop of its own, once for each with whom it is shared.
            next = Arc::get_mut(&mut value).and_then(|value| value.rest.take());
        }
    }
}
