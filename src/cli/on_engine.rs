//! What commands do once they are connected, on whatever engine: for callers that bring their own.
//!
//! An attached `up` is a [`Foreground`] with its [`Background`]; the commands about containers that are there
//! are a [`Control`]; [`follow_all`] is `logs --follow`. Nothing of it connects, catches signals or writes to the
//! streams of this process, if [`Output::to`] says so.

pub use super::arguments::excluded::Excluded;
pub use super::arguments::global::Global;
pub use super::arguments::settings::{ColorChoice, Settings};
pub use super::attached::follow::{Following, fixed_names, follow_all, sources};
pub use super::attached::foreground::{Background, Foreground, Watcher};
pub use super::attached::menu::{Key, Typed};
pub use super::engine::control::Control;
pub use super::engine::session::{Session, observe_settled};
pub use super::io::output::{Output, Streams};
pub use super::topology::project::Project;
pub use super::{CliError, Exit};
