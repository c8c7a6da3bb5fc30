//! The tree that a topology was read from, for places that the model does not keep.

use std::collections::HashMap;
use std::sync::Arc;

use crate::document::Node;

/// The tree, with an index of its services: rules look them up one by one, and there may be
/// thousands.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: Arc<Node>,
    services: HashMap<String, usize>,
}

impl Tree {
    /// Indexes the services of a tree.
    pub(super) fn new(root: Arc<Node>) -> Self {
        let services = root.as_map().and_then(|root| root.get("services")?.as_map());
        let entries = services.into_iter().flat_map(|services| &services.entries);
        let positions = entries.enumerate().map(|(position, (key, _))| (key.text.clone(), position));
        Self { services: positions.collect(), root }
    }

    /// The node at a path or the nearest one above it, and how many keys of the path lead there.
    pub(super) fn nearest(&self, path: &[&str]) -> (&Node, usize) {
        let (mut node, mut depth) = self.service(path).map_or((&*self.root, 0), |service| (service, 2));
        while let Some(next) = path.get(depth).and_then(|key| node.as_map()?.get(key)) {
            node = next;
            depth += 1;
        }
        (node, depth)
    }

    fn service(&self, path: &[&str]) -> Option<&Node> {
        let ["services", name, ..] = path else { return None };
        let services = self.root.as_map()?.get("services")?.as_map()?;
        services.entries.get(*self.services.get(*name)?).map(|(_, service)| service)
    }
}
