//! Devices: host devices, and requests for GPUs and the like.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::{Diagnostics, code};
use crate::document::{Node, Value};
use crate::source::{Span, Spanned};
use crate::topology::attribute::{
    Attribute, Field, Form, Sealing, Wanted, WantedKind, divided_by_a_blank, record, wrong_type,
};
use crate::topology::value::{Integer, Pairs};
use crate::value::device::{ALL_PERMISSIONS, ShortDevice, is_cdi};

record! {
    /// A host device for a container, as it was written.
    pub struct DeviceSection {
        /// Path on the host, or the name of a CDI device.
        source: Option<Spanned<String>> = required public,
        /// Path in the container.
        target: Option<String> = public,
        /// `r`, `w` and `m` (create nodes).
        permissions: Option<String> = public,
    }
}

/// A host device for a container; `/dev/a:/dev/b:rwm` is the short form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceMapping {
    /// Path on the host, or the name of a CDI device.
    pub source: String,
    /// Path in the container.
    pub target: String,
    /// `r`, `w` and `m` (create nodes).
    pub permissions: String,
}

impl DeviceMapping {
    /// Whether it is named as in the Container Device Interface: `vendor.com/class=device`.
    pub fn is_cdi(&self) -> bool {
        self.source == self.target && is_cdi(&self.source)
    }
}

impl Attribute for DeviceMapping {
    const KEYS: &'static [Field] = DeviceSection::FIELDS;
    const SEALING: Sealing = DeviceSection::SEALING;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        if matches!(node.value, Value::Scalar(_)) {
            return decode_short(&String::decode(node, found)?, node, found);
        }
        if let Value::Map(map) = &node.value
            && divided_by_a_blank(map, DeviceSection::FIELDS, node, found)
        {
            return None;
        }
        let section = DeviceSection::decode(node, found)?;
        let source = section.source?;
        let target = section.target.unwrap_or_else(|| source.value.clone());
        Some(Self {
            source: source.value,
            target,
            permissions: section.permissions.unwrap_or_else(|| ALL_PERMISSIONS.into()),
        })
    }

    fn canonical(&self, _: Form) -> Json {
        let Self { source, target, permissions } = self;
        json!({ "source": source, "target": target, "permissions": permissions })
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "type": "string" }, DeviceSection::schema(definitions)] })
    }
}

fn decode_short(text: &str, node: &Node, found: &mut Diagnostics) -> Option<DeviceMapping> {
    if text.is_empty() {
        found.error(code::BAD_VALUE, "a device is empty").label(node.span, "no device here");
        return None;
    }
    match ShortDevice::parse(text) {
        Ok(ShortDevice { source, target, permissions }) => Some(DeviceMapping {
            source: source.into(),
            target: target.into(),
            permissions: permissions.into(),
        }),
        Err(mistake) => {
            let diagnostic = found.error(code::BAD_VALUE, format!("`{text}` is not a device"));
            mistake.explain(text, node.span, diagnostic);
            None
        }
    }
}

record! {
    /// A request for devices of a driver.
    pub struct DeviceRequest {
        /// What the devices must be capable of: `gpu`.
        capabilities: Vec<Spanned<String>> = public,
        /// How many: a number, or `all`.
        count: Option<Spanned<DeviceCount>>,
        /// Which ones, instead of a count.
        device_ids: Vec<Spanned<String>> = public,
        /// The driver: `nvidia`.
        driver: Option<String> = public,
        /// Options of the driver.
        options: Pairs = public,
    }
}

impl DeviceRequest {
    /// Completes the request at this place: with neither a count nor ids, all devices are
    /// requested.
    pub fn completed(mut self, at: Span) -> Self {
        if self.device_ids.is_empty() {
            self.count.get_or_insert(Spanned::new(DeviceCount(-1), at));
        }
        self
    }
}

/// How many devices a request wants; `all` is -1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceCount(pub i64);

impl Attribute for DeviceCount {
    const SEALING: Sealing = Sealing::Public;

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar) if scalar.text.eq_ignore_ascii_case("all") => Some(Self(-1)),
            _ => Integer::decode(node, found).map(|number| Self(number.0)),
        }
    }

    fn canonical(&self, _: Form) -> Json {
        json!(self.0)
    }

    fn schema(_: &mut JsonMap<String, Json>) -> Json {
        json!({ "type": ["integer", "string"] })
    }
}

/// GPUs: `all`, or a list of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceRequests(pub Vec<DeviceRequest>);

impl Attribute for DeviceRequests {
    const SEALING: Sealing = Sealing::Each(&DeviceRequest::SEALING);

    fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Scalar(scalar) if scalar.text == "all" => {
                let count = Some(Spanned::new(DeviceCount(-1), node.span));
                Some(Self(vec![DeviceRequest { count, ..DeviceRequest::default() }]))
            }
            Value::List(items) if !items.is_empty() && items.iter().all(|item| item.as_text().is_some()) => {
                found
                    .error(code::WRONG_TYPE, "a list of device requests is needed here, not of strings")
                    .label(node.span, "a request is a mapping");
                None
            }
            Value::List(items) => {
                let request = |item: &Node| {
                    let request = DeviceRequest::decode(item, &mut *found)?;
                    Some(request.completed(item.span))
                };
                Some(Self(items.iter().filter_map(request).collect()))
            }
            _ => wrong_type(
                node,
                Wanted::new("`all`, or a list of device requests", &[WantedKind::Scalar, WantedKind::List]),
                found,
            ),
        }
    }

    fn canonical(&self, form: Form) -> Json {
        self.0.canonical(form)
    }

    fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
        json!({ "anyOf": [{ "enum": ["all"] }, { "type": "array", "items": DeviceRequest::schema(definitions) }] })
    }
}

/// How many devices a request wants; `all` is -1.
pub fn device_count(request: &DeviceRequest) -> Option<i64> {
    request.count.map(|count| count.value.0)
}
