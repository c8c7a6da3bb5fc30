//! In: boxes and arrows. Out: the position of each box, and the route of each arrow. Must not:
//! draw.
//!
//! Boxes that arrows connect are arranged in layers, each group on its own; boxes without arrows
//! fill lines below them.

mod layered;

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::report::picture::Direction;

/// Space between boxes of a layer, and between the lines of single boxes.
const GAP: f64 = 22.0;
/// The width of a page, in pixels. A wider picture is drawn from top to bottom, if that makes it
/// narrower.
const PAGE_WIDTH: f64 = 1200.0;

/// Everything at its position.
pub(super) struct Arranged {
    pub width: f64,
    pub height: f64,
    /// The upper left corner of each box.
    pub corners: Vec<Point>,
    pub routes: Vec<Route>,
}

/// A position, in pixels from the upper left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
}

/// The route of an arrow.
#[derive(Default)]
pub(super) struct Route {
    pub start: Point,
    pub segments: Vec<Segment>,
    /// The centre of its label.
    pub label: Point,
}

/// A segment of a route, from the end of the previous one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Segment {
    Straight {
        to: Point,
    },
    /// A cubic Bézier curve.
    Bend {
        first_control: Point,
        second_control: Point,
        to: Point,
    },
}

/// Finds a position for everything, in the given direction or, without one, so that it fits on a
/// page.
pub(super) fn arrange(scene: &Scene, direction: Option<Direction>) -> Arranged {
    let rightwards = || arrange_towards(scene, Direction::Right);
    let downwards = || arrange_towards(scene, Direction::Down);
    match direction {
        Some(Direction::Right) => rightwards(),
        Some(Direction::Down) => downwards(),
        None => {
            let wide = rightwards();
            if wide.width <= PAGE_WIDTH {
                return wide;
            }
            Some(downwards()).filter(|high| high.width < wide.width).unwrap_or(wide)
        }
    }
}

fn arrange_towards(scene: &Scene, direction: Direction) -> Arranged {
    let (connected, single): (Vec<_>, Vec<_>) = groups(scene).into_iter().partition(|group| group.len() > 1);
    let mut parts: Vec<Part> =
        connected.iter().map(|group| layered::arrange(scene, group, direction)).collect();
    // The largest first: small ones fill the lines that it leaves.
    parts.sort_by(|one, other| other.height.total_cmp(&one.height));
    let widest = parts.iter().map(|part| part.width).fold(0.0, f64::max);
    parts.extend(single.into_iter().flatten().map(|node| alone(scene, node)));
    let area: f64 = parts.iter().map(|part| (part.width + GAP) * (part.height + GAP)).sum();
    pack(scene, parts, widest.max((area * 1.6).sqrt()))
}

/// Boxes that belong together, relative to their own origin.
struct Part {
    width: f64,
    height: f64,
    /// Boxes, and their upper left corners.
    corners: Vec<(usize, Point)>,
    /// Routes by the index of the arrow.
    routes: Vec<(usize, Route)>,
}

fn alone(scene: &Scene, node: usize) -> Part {
    let (width, height) = (scene.nodes[node].width, scene.nodes[node].height);
    Part { width, height, corners: vec![(node, Point::default())], routes: Vec::new() }
}

/// Puts parts next to each other into lines of about this width.
fn pack(scene: &Scene, parts: Vec<Part>, line_width: f64) -> Arranged {
    let mut corners = vec![Point::default(); scene.nodes.len()];
    let mut routes: Vec<Route> = scene.arrows.iter().map(|_| Route::default()).collect();
    let (mut x, mut y, mut line_height, mut width) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for part in parts {
        if x > 0.0 && x + part.width > line_width {
            (x, y, line_height) = (0.0, y + line_height + GAP, 0.0);
        }
        let shifted = |point: Point| Point { x: point.x + x, y: point.y + y };
        for (node, corner) in part.corners {
            corners[node] = shifted(corner);
        }
        for (arrow, route) in part.routes {
            routes[arrow] = route.map(shifted);
        }
        (line_height, width) = (line_height.max(part.height), width.max(x + part.width));
        x += part.width + GAP;
    }
    Arranged { width, height: y + line_height, corners, routes }
}

impl Route {
    /// The route with each of its points mapped.
    fn map(self, moved: impl Fn(Point) -> Point) -> Self {
        let segment = |segment: Segment| match segment {
            Segment::Straight { to } => Segment::Straight { to: moved(to) },
            Segment::Bend { first_control, second_control, to } => Segment::Bend {
                first_control: moved(first_control),
                second_control: moved(second_control),
                to: moved(to),
            },
        };
        Self {
            start: moved(self.start),
            segments: self.segments.into_iter().map(segment).collect(),
            label: moved(self.label),
        }
    }

    /// Its start, bends and end.
    pub(super) fn points(&self) -> impl Iterator<Item = Point> {
        std::iter::once(self.start).chain(self.segments.iter().map(|segment| segment.to()))
    }
}

impl Segment {
    fn to(self) -> Point {
        match self {
            Self::Straight { to } | Self::Bend { to, .. } => to,
        }
    }
}

/// Groups of boxes that arrows connect, directly or indirectly.
fn groups(scene: &Scene) -> Vec<Vec<usize>> {
    let mut group_of: Vec<usize> = (0..scene.nodes.len()).collect();
    for arrow in &scene.arrows {
        let (one, other) = (group_of[arrow.from], group_of[arrow.to]);
        for group in group_of.iter_mut().filter(|group| **group == other) {
            *group = one;
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, group) in group_of.into_iter().enumerate() {
        groups.entry(group).or_default().push(node);
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests;
