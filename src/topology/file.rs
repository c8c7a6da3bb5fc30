//! Secrets and configs of the topology: contents that services get as files.

use crate::source::Spanned;
use crate::topology::attribute::record;
use crate::topology::network::External;
use crate::topology::value::{Options, Pairs};

record! {
    /// A secret.
    pub struct Secret {
        /// Its name. The project's name and the key when absent.
        name: Option<Spanned<String>> = public,
        /// A variable of the caller's environment that holds it.
        environment: Option<Spanned<String>> = public,
        /// A file that holds it.
        file: Option<Spanned<String>> = public long path,
        /// Whether somebody else keeps it.
        external: External = long instead_of("name"),
        /// Labels.
        labels: Pairs = without_empty,
        /// A driver that keeps it.
        driver: Option<String> = public,
        /// Options of the driver.
        driver_opts: Options,
        /// A driver that fills it in.
        template_driver: Option<String> = public,
    }
}

record! {
    /// A config.
    pub struct Config {
        /// Its name. The project's name and the key when absent.
        name: Option<Spanned<String>> = public,
        /// Its content itself.
        content: Option<Spanned<String>>,
        /// A variable of the caller's environment that holds it.
        environment: Option<Spanned<String>> = public,
        /// A file that holds it.
        file: Option<Spanned<String>> = public long path,
        /// Whether somebody else keeps it.
        external: External = long instead_of("name"),
        /// Labels.
        labels: Pairs = without_empty,
        /// A driver that fills it in.
        template_driver: Option<String> = public,
    }
}
