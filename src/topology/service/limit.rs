//! Limits: of processes, and of block devices.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, Field, Form, Sealing, record};
use crate::topology::value::{ByteSize, Integer};

/// A limit of a container's processes: one number, or a soft and a hard one. `-1` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ulimit {
    /// The effective limit.
    pub soft: i64,
    /// The highest value that the process may raise it to.
    pub hard: i64,
    /// True when it was written as one number.
    pub is_single: bool,
}

record! {
    /// A limit with two values.
    pub struct UlimitSection {
        /// The highest value that the process may raise it to.
        hard: Option<Integer> = required,
        /// The effective limit.
        soft: Option<Integer> = required,
    }
}

impl Attribute for Ulimit {
    const KEYS: &'static [Field] = UlimitSection::FIELDS;
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            let Integer(limit) = Integer::decode(node, found)?;
            return Some(Self { soft: limit, hard: limit, is_single: true });
        }
        let UlimitSection { hard, soft, .. } = UlimitSection::decode(node, found)?;
        Some(Self { soft: soft?.0, hard: hard?.0, is_single: false })
    }

    fn canonical(&self, _: Form) -> Json {
        let Self { soft, hard, is_single } = *self;
        if is_single { json!(soft) } else { json!({ "soft": soft, "hard": hard }) }
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": ["integer", "string"] }, UlimitSection::schema(definitions)] })
    }
}

record! {
    /// Limits on block devices.
    pub struct BlkioConfig {
        /// Most bytes read from a device per second.
        device_read_bps: Vec<Spanned<DeviceRate>>,
        /// Most reads from a device per second.
        device_read_iops: Vec<Spanned<DeviceRate>>,
        /// Most bytes written to a device per second.
        device_write_bps: Vec<Spanned<DeviceRate>>,
        /// Most writes to a device per second.
        device_write_iops: Vec<Spanned<DeviceRate>>,
        /// Relative weight of all block devices: 10 to 1000.
        weight: Option<Spanned<Integer>>,
        /// Relative weight of one device.
        weight_device: Vec<Spanned<DeviceWeight>>,
    }
}

record! {
    /// A limit of one device.
    pub struct DeviceRate {
        /// The device: `/dev/sda`.
        path: Option<String> = public,
        /// Bytes or operations per second.
        rate: Option<ByteSize>,
    }
}

record! {
    /// The weight of one device.
    pub struct DeviceWeight {
        /// The device: `/dev/sda`.
        path: Option<String> = public,
        /// 10 to 1000.
        weight: Option<Integer>,
    }
}
