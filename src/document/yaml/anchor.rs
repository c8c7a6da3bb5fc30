//! Anchors of one file, and what their aliases stand for.

use super::Node;
use std::collections::HashMap;

/// The most nodes, and bytes of text, that are kept for aliases: anchors inside of anchors are kept
/// once each.
const KEPT_NODES: usize = 1_000_000;
const KEPT_BYTES: usize = 128 * 1024 * 1024;

/// The size of a finished subtree, aliases counted as what they stand for.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) nodes: usize,
    pub(super) bytes: usize,
    pub(super) height: usize,
}

/// The size of a scalar without text.
pub(super) const LEAF: Size = Size { nodes: 1, bytes: 0, height: 1 };

/// The finished anchors, by the reader's numbers.
#[derive(Default)]
pub(super) struct Anchors {
    by_number: HashMap<usize, (Node, Size)>,
    kept: Size,
}

impl Anchors {
    /// Keeps `node` for the aliases of anchor `number` (0 is no anchor); false when that is too much.
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

    /// The size of what anchor `number` stands for; `None` while it is still open.
    pub(super) fn size(&self, number: usize) -> Option<Size> {
        self.by_number.get(&number).map(|(_, size)| *size)
    }

    /// What anchor `number` stands for.
    pub(super) fn node(&self, number: usize) -> Option<Node> {
        self.by_number.get(&number).map(|(node, _)| node.clone())
    }
}
