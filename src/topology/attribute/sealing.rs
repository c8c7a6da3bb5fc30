//! Which values may be secrets: all but those that an attribute says are public.

use super::Field;

/// What of a value is sealed where it leaves the process: in labels, and in plans that are stored.
#[derive(Clone, Copy, Debug)]
pub enum Sealing {
    /// Nothing: nobody keeps a secret in it.
    Public,
    /// All of it, as one.
    Whole,
    /// The values of its entries, and not their names.
    Values,
    /// What each of its fields says; all of an extension.
    Fields(&'static [Field]),
    /// What this says of each element, or of each entry by name.
    Each(&'static Sealing),
}
