//! Anchors of a file, for its aliases.

use super::Node;
use std::collections::HashMap;

/// The most nodes, and bytes of text, that are kept for aliases: nested anchors count once each.
const KEPT_NODES: usize = 1_000_000;
const KEPT_BYTES: usize = 128 * 1024 * 1024;

/// The size of a finished subtree, with aliases expanded.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) height: usize,
}

/// The size of a scalar without text.
pub(super) const LEAF: Size = Size { nodes: 1, bytes: 0, height: 1 };

/// The finished anchors, by the library's numbers.
#[derive(Default)]
pub(super) struct Anchors {
    by_number: HashMap<usize, (Node, Size)>,
    kept: Size,
}

impl Anchors {
    /// Keeps `node` for the aliases of anchor `number` (0 is no anchor); false if that is too much.
    pub(super) fn define(&mut self, number: usize, node: &Node, size: Size) -> bool {
        if number == 0 {
            return true;
        }
        self.kept.nodes += size.nodes;
        self.kept.bytes += size.bytes;
        if self.kept.nodes > KEPT_NODES || self.kept.bytes > KEPT_BYTES {
            return false;
        }
        self.by_number.insert(number, (node.clone(), size));
        true
    }

    /// The size of the value of anchor `number`; `None` while it is still open.
    pub(super) fn size(&self, number: usize) -> Option<Size> {
        self.by_number.get(&number).map(|(_, size)| *size)
    }

    /// The value of anchor `number`.
    pub(super) fn node(&self, number: usize) -> Option<Node> {
        self.by_number.get(&number).map(|(node, _)| node.clone())
    }
}
