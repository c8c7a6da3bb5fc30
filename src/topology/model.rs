//! An AI model of the topology.

use crate::source::Spanned;
use crate::topology::attribute::record;
use crate::topology::value::Integer;

record! {
    /// An AI model.
    pub struct Model {
        /// Its name.
        name: Option<String> = public,
        /// The model's artifact: `ai/smollm2`.
        model: Option<Spanned<String>> = required public,
        /// Size of the context, in tokens.
        context_size: Option<Integer>,
        /// Flags of the inference runtime.
        runtime_flags: Vec<Spanned<String>>,
    }
}
