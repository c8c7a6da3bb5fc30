//! Values that are one text of a grammar of their own: the parsers are in [`crate::value`].

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::diagnostic::Diagnostics;
use crate::document::Node;
use crate::topology::attribute::{Attribute, Form, Shape};
use crate::value::image::ImageReference;
use crate::value::name::{ContainerName, ServiceName};
use crate::value::security_option::SecurityOption;
use crate::value::sharing::{Link, Namespace, VolumesFrom};
use crate::value::tmpfs::Tmpfs;

macro_rules! texts {
    ($($type:ty: $shape:ident,)*) => {
        $(
            impl Attribute for $type {
                const SHAPE: Shape = Shape::$shape;

                fn decode(node: &Node, found: &mut Diagnostics) -> Option<Self> {
                    String::decode(node, found).map(Self::from)
                }

                fn canonical(&self, _: Form) -> Json {
                    json!(self.to_string())
                }

                fn schema(definitions: &mut JsonMap<String, Json>) -> Json {
                    String::schema(definitions)
                }
            }
        )*
    };
}

texts! {
    ImageReference: Other,
    Link<ContainerName>: TextWithColon,
    Link<ServiceName>: TextWithColon,
    Namespace: Other,
    SecurityOption: TextWithColon,
    Tmpfs: TextWithColon,
    VolumesFrom: TextWithColon,
}
