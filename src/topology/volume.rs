//! A volume of the topology.

use crate::source::Spanned;
use crate::topology::attribute::record;
use crate::topology::network::External;
use crate::topology::value::{Options, Pairs};

record! {
    /// A volume.
    pub struct Volume {
        /// Its name in the engine. The project's name and the key when absent.
        name: Option<Spanned<String>> = public,
        /// The driver. `local` when absent.
        driver: Option<String> = public,
        /// Options of the driver.
        driver_opts: Options = also(&["opts", "options", "driver_options"]),
        /// Whether the volume is created and removed outside this topology.
        external: External = long instead_of("name"),
        /// Labels.
        labels: Pairs = without_empty,
    } elsewhere { crate::topology::attribute::hint::VOLUME }
}
