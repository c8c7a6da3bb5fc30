//! What this process is not to show: the values that the topologies it read have from elsewhere.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::topology::Redactor;

/// What is hidden; nothing when values are to be shown.
static HIDDEN: Mutex<Option<Redactor>> = Mutex::new(None);

/// Hides the values of one more topology.
pub(crate) fn hide(values: Redactor) {
    hidden().get_or_insert_default().extend(values);
}

/// Hides a value that the command line gives.
pub(crate) fn hide_value(value: &str) {
    hidden().get_or_insert_default().add(value, crate::diagnostic::HIDDEN);
}

/// Shows what was hidden so far.
pub(crate) fn show_values() {
    *hidden() = None;
}

/// Words of the engine, or of another program, as they may be shown.
pub(crate) fn redacted(words: &str) -> String {
    match &*hidden() {
        Some(redactor) => redactor.redact(words).into_owned(),
        None => words.to_owned(),
    }
}

fn hidden() -> MutexGuard<'static, Option<Redactor>> {
    HIDDEN.lock().unwrap_or_else(PoisonError::into_inner)
}
