//! Devices: host devices, and requests for GPUs and the like.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::Spanned;
use crate::topology::attribute::{Attribute, record, wrong_type};
use crate::topology::value::{Loose, Pairs};

record! {
    /// A host device that a container sees, as it is written.
    pub struct DeviceSection {
        /// Path on the host, or the name of a CDI device.
        source: Option<Spanned<String>>,
        /// Path in the container.
        target: Option<String>,
        /// `r`, `w` and `m` (make nodes).
        permissions: Option<String>,
    }
}

/// A host device that a container sees; `/dev/a:/dev/b:rwm` is the short form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceMapping {
    /// Path on the host, or the name of a CDI device.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// `r`, `w` and `m` (make nodes).
    pub permissions: String,
}

impl Attribute for DeviceMapping {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        if matches!(node.value, Value::Scalar(_)) {
            return decode_short(&String::decode(node, found)?, node, found);
        }
        let section = DeviceSection::decode(node, found)?;
        let Some(source) = section.source else {
            found
                .error(code::MISSING_ATTRIBUTE, "`source` is missing")
                .label(node.span, "which device is not said");
            return None;
        };
        let target = section.target.unwrap_or_else(|| source.value.clone());
        Some(Self {
            source: source.value,
            target,
            permissions: section.permissions.unwrap_or_else(|| "rwm".into()),
        })
    }

    fn canonical(&self) -> Json {
        let Self { source, target, permissions } = self;
        json!({ "source": source, "target": target, "permissions": permissions })
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, DeviceSection::schema(definitions)] })
    }
}

fn decode_short(text: &str, node: &Node, found: &mut Diagnostics) -> Option<DeviceMapping> {
    // A CDI name such as `vendor.com/class=device` is passed on as it is.
    let parts: Vec<&str> = text.split(':').collect();
    let is_permissions = |part: &str| !part.is_empty() && part.chars().all(|letter| "rwm".contains(letter));
    let (source, target, permissions) = match parts.as_slice() {
        [source] => (*source, *source, "rwm"),
        [source, permissions] if is_permissions(permissions) => (*source, *source, *permissions),
        [source, target] => (*source, *target, "rwm"),
        [source, target, permissions] => (*source, *target, *permissions),
        _ => {
            found
                .error(code::BAD_VALUE, format!("`{text}` is not a device"))
                .label(node.span, "more than three parts")
                .help("write `/dev/on-host:/dev/in-container:rwm`");
            return None;
        }
    };
    Some(DeviceMapping { source: source.into(), target: target.into(), permissions: permissions.into() })
}

record! {
    /// A request for devices that a driver hands out.
    pub struct DeviceRequest {
        /// What the devices must be able to do: `gpu`.
        capabilities: Vec<Spanned<String>>,
        /// How many: a number, or `all`.
        count: Option<Spanned<Loose>>,
        /// Which ones, in place of a count.
        device_ids: Vec<Spanned<String>>,
        /// The driver: `nvidia`.
        driver: Option<String>,
        /// Options of the driver.
        options: Pairs,
    }
}

/// GPUs: `all`, or a list of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceRequests(pub Vec<DeviceRequest>);

impl Attribute for DeviceRequests {
    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar) if scalar.text == "all" => {
                let count = Some(Spanned::new(Loose("all".to_owned()), node.span));
                Some(Self(vec![DeviceRequest { count, ..DeviceRequest::default() }]))
            }
            Value::List(_) => Vec::decode(node, found).map(Self),
            _ => wrong_type(node, "`all`, or a list of device requests", found),
        }
    }

    fn canonical(&self) -> Json {
        let written = |request: &DeviceRequest| {
            let mut object = request.canonical();
            // `all` is -1 in the canonical form.
            if request.count.as_ref().is_some_and(|count| &*count.value.0 == "all") {
                object["count"] = json!(-1);
            }
            object
        };
        Json::Array(self.0.iter().map(written).collect())
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "const": "all" }, { "type": "array", "items": DeviceRequest::schema(definitions) }] })
    }
}

/// How many devices a request wants; `all` is -1.
pub fn device_count(request: &DeviceRequest) -> Option<i64> {
    let count = request.count.as_ref()?;
    if &*count.value.0 == "all" { Some(-1) } else { count.value.0.parse().ok() }
}
