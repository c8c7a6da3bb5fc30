//! In: boxes and arrows. Out: where each stands, and the points that each arrow goes through.
//! Must not: draw.
//!
//! Boxes that arrows connect are put in columns by dagre, each group for itself; boxes without any arrow
//! fill lines below them.

use std::collections::BTreeMap;

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::scene::{Arrow, Scene};

/// Space between boxes in a column, and between the lines of single boxes.
const GAP: f64 = 22.0;
/// Space between columns; labels stand in its middle. Many arrows need more of it, or they get steep.
const COLUMN_GAP: f64 = 84.0;
const WIDEST_COLUMN_GAP: f64 = 220.0;
const COLUMN_GAP_OF_AN_ARROW: f64 = 1.5;
/// Space between arrows that start or end at the same box.
const ARROW_GAP: f64 = 13.0;

/// Everything at its place.
pub struct Arranged {
    pub width: f64,
    pub height: f64,
    /// The upper left corner of each box.
    pub corners: Vec<Point>,
    pub routes: Vec<Route>,
}

/// A place, in pixels from the upper left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// The way of an arrow.
pub struct Route {
    pub points: Vec<Point>,
    /// The middle of its label.
    pub label: Point,
}

/// Finds a place for everything.
pub fn arrange(scene: &Scene) -> Arranged {
    let groups = groups(scene);
    let (connected, single): (Vec<_>, Vec<_>) = groups.into_iter().partition(|group| group.len() > 1);
    let mut parts: Vec<Part> = connected.iter().map(|group| layered(scene, group)).collect();
    // The largest first: small ones fill the lines that it leaves.
    parts.sort_by(|one, other| other.height.total_cmp(&one.height));
    let widest = parts.iter().map(|part| part.width).fold(0.0, f64::max);
    parts.extend(single.into_iter().flatten().map(|node| alone(scene, node)));
    let area: f64 = parts.iter().map(|part| (part.width + GAP) * (part.height + GAP)).sum();
    pack(scene, parts, widest.max((area * 1.6).sqrt()))
}

/// Boxes that belong together, placed from their own origin.
struct Part {
    width: f64,
    height: f64,
    /// Boxes, and their upper left corners.
    corners: Vec<(usize, Point)>,
    /// Arrows by their number.
    routes: Vec<(usize, Route)>,
}

fn alone(scene: &Scene, node: usize) -> Part {
    let (width, height) = (scene.nodes[node].width, scene.nodes[node].height);
    Part { width, height, corners: vec![(node, Point { x: 0.0, y: 0.0 })], routes: Vec::new() }
}

/// Puts parts side by side into lines of about this width.
fn pack(scene: &Scene, parts: Vec<Part>, line_width: f64) -> Arranged {
    let nowhere = Point { x: 0.0, y: 0.0 };
    let mut corners = vec![nowhere; scene.nodes.len()];
    let mut routes: Vec<Option<Route>> = scene.arrows.iter().map(|_| None).collect();
    let (mut x, mut y, mut line_height, mut width) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for part in parts {
        if x > 0.0 && x + part.width > line_width {
            (x, y, line_height) = (0.0, y + line_height + GAP, 0.0);
        }
        let shifted = |point: Point| Point { x: point.x + x, y: point.y + y };
        for (node, corner) in part.corners {
            corners[node] = shifted(corner);
        }
        for (arrow, Route { points, label }) in part.routes {
            let points = points.into_iter().map(shifted).collect();
            routes[arrow] = Some(Route { points, label: shifted(label) });
        }
        (line_height, width) = (line_height.max(part.height), width.max(x + part.width));
        x += part.width + GAP;
    }
    let routes =
        routes.into_iter().map(|route| route.unwrap_or(Route { points: Vec::new(), label: nowhere }));
    Arranged { width, height: y + line_height, corners, routes: routes.collect() }
}

/// Boxes that arrows connect, directly or through others.
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

/// Columns from left to right: who needs something stands left of it.
fn layered(scene: &Scene, group: &[usize]) -> Part {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for node in group {
        let size = &scene.nodes[*node];
        let label = NodeLabel { width: size.width, height: size.height, ..NodeLabel::default() };
        graph.set_node(node.to_string(), Some(label));
    }
    let arrows = scene.arrows.iter().enumerate().filter(|(_, arrow)| group.contains(&arrow.from));
    let arrows: Vec<(usize, &Arrow)> = arrows.collect();
    for (number, arrow) in &arrows {
        let label = EdgeLabel {
            width: arrow.label_width(),
            height: 14.0,
            labelpos: LabelPos::Center,
            ..EdgeLabel::default()
        };
        graph.set_edge(arrow.from.to_string(), arrow.to.to_string(), Some(label), Some(&number.to_string()));
    }
    dagre::layout(&mut graph, Some(options(arrows.len())));
    placed(scene, group, &arrows, &graph)
}

fn options(arrows: usize) -> LayoutOptions {
    let gap = COLUMN_GAP + COLUMN_GAP_OF_AN_ARROW * arrows as f64;
    LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: GAP,
        edgesep: 8.0,
        ranksep: gap.min(WIDEST_COLUMN_GAP),
        ..LayoutOptions::default()
    }
}

fn placed(
    scene: &Scene,
    group: &[usize],
    arrows: &[(usize, &Arrow)],
    graph: &Graph<NodeLabel, EdgeLabel>,
) -> Part {
    let middles: BTreeMap<usize, Point> = group.iter().map(|node| (*node, middle(graph, *node))).collect();
    let ways: Vec<Way> = arrows.iter().map(|(number, arrow)| Way::of(graph, *number, arrow)).collect();
    let mut columns = Columns::default();
    for (node, middle) in &middles {
        columns.add(middle.x, scene.nodes[*node].width);
    }
    for way in &ways {
        columns.add(way.label.x, way.label_width);
    }
    let ends = Ends::of(scene, &middles, &ways);
    let route =
        |way: &Way| (way.number, route(way, &ends, &columns, (middles[&way.from].x, middles[&way.to].x)));
    let routes = ways.iter().map(route).collect();
    let corners = middles.into_iter().map(|(node, middle)| {
        let size = &scene.nodes[node];
        (node, Point { x: middle.x - size.width / 2.0, y: middle.y - size.height / 2.0 })
    });
    shifted_to_origin(scene, corners.collect(), routes)
}

fn middle(graph: &Graph<NodeLabel, EdgeLabel>, node: usize) -> Point {
    let label = graph.node(&node.to_string());
    let at = |value: Option<f64>| value.unwrap_or_default();
    Point { x: at(label.and_then(|label| label.x)), y: at(label.and_then(|label| label.y)) }
}

/// An arrow as dagre leads it past other boxes.
struct Way {
    number: usize,
    from: usize,
    to: usize,
    /// Without its ends.
    between: Vec<Point>,
    label: Point,
    label_width: f64,
}

impl Way {
    fn of(graph: &Graph<NodeLabel, EdgeLabel>, number: usize, arrow: &Arrow) -> Self {
        let found = graph.edge(&arrow.from.to_string(), &arrow.to.to_string(), Some(&number.to_string()));
        let points = found.map(|edge| edge.points.as_slice()).unwrap_or_default();
        let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        let between = inner.iter().map(|point| Point { x: point.x, y: point.y }).collect();
        let at = |value: Option<f64>| value.unwrap_or_default();
        let label = Point { x: at(found.and_then(|edge| edge.x)), y: at(found.and_then(|edge| edge.y)) };
        Self { number, from: arrow.from, to: arrow.to, between, label, label_width: arrow.label_width() }
    }
}

/// Columns by their middle, in whole pixels, and half of their widths.
#[derive(Default)]
struct Columns(BTreeMap<i64, f64>);

impl Columns {
    fn add(&mut self, middle: f64, width: f64) {
        let half = self.0.entry(middle.round() as i64).or_default();
        *half = half.max(width / 2.0);
    }

    fn half_width(&self, middle: f64) -> f64 {
        self.0.get(&(middle.round() as i64)).copied().unwrap_or_default()
    }
}

/// Where arrows leave and reach their boxes.
struct Ends {
    starts: BTreeMap<usize, Point>,
    targets: BTreeMap<usize, Point>,
}

impl Ends {
    /// Arrows of one box are in the order of where they go to, so that they do not cross each other at once.
    fn of(scene: &Scene, middles: &BTreeMap<usize, Point>, ways: &[Way]) -> Self {
        let (mut starts, mut targets) = (BTreeMap::new(), BTreeMap::new());
        for (node, middle) in middles {
            let size = &scene.nodes[*node];
            let mut leaving: Vec<&Way> = ways.iter().filter(|way| way.from == *node).collect();
            leaving.sort_by(|one, other| first_y(one, middles).total_cmp(&first_y(other, middles)));
            let right = Point { x: middle.x + size.width / 2.0, y: middle.y };
            starts.extend(spread(&leaving, right, size.height));
            let mut reaching: Vec<&Way> = ways.iter().filter(|way| way.to == *node).collect();
            reaching.sort_by(|one, other| last_y(one, middles).total_cmp(&last_y(other, middles)));
            let left = Point { x: middle.x - size.width / 2.0, y: middle.y };
            targets.extend(spread(&reaching, left, size.height));
        }
        Self { starts, targets }
    }
}

fn first_y(way: &Way, middles: &BTreeMap<usize, Point>) -> f64 {
    way.between.first().map_or(middles[&way.to].y, |point| point.y)
}

fn last_y(way: &Way, middles: &BTreeMap<usize, Point>) -> f64 {
    way.between.last().map_or(middles[&way.from].y, |point| point.y)
}

fn spread(ways: &[&Way], side: Point, height: f64) -> Vec<(usize, Point)> {
    let gap = ARROW_GAP.min((height - 16.0) / ways.len() as f64);
    let first = side.y - gap * (ways.len() as f64 - 1.0) / 2.0;
    let at = |place: usize| Point { x: side.x, y: first + gap * place as f64 };
    ways.iter().enumerate().map(|(place, way)| (way.number, at(place))).collect()
}

/// An arrow turns only between columns; along a column it goes straight, past the boxes there.
fn route(way: &Way, ends: &Ends, columns: &Columns, (first, last): (f64, f64)) -> Route {
    let (start, target) = (ends.starts[&way.number], ends.targets[&way.number]);
    let mut points = vec![start, Point { x: first + columns.half_width(first), y: start.y }];
    for point in &way.between {
        let half = columns.half_width(point.x);
        points.push(Point { x: point.x - half, y: point.y });
        points.push(Point { x: point.x + half, y: point.y });
    }
    points.push(Point { x: last - columns.half_width(last), y: target.y });
    points.push(target);
    Route { points, label: way.label }
}

/// dagre counts from the middle of what it knows: what arrows and labels take may lie outside.
fn shifted_to_origin(
    scene: &Scene,
    mut corners: Vec<(usize, Point)>,
    mut routes: Vec<(usize, Route)>,
) -> Part {
    let label_half = |number: usize| scene.arrows[number].label_width() / 2.0;
    let mut low = Point { x: f64::MAX, y: f64::MAX };
    let mut high = Point { x: f64::MIN, y: f64::MIN };
    let mut cover = |left: f64, top: f64, right: f64, bottom: f64| {
        low = Point { x: low.x.min(left), y: low.y.min(top) };
        high = Point { x: high.x.max(right), y: high.y.max(bottom) };
    };
    for (node, corner) in &corners {
        let size = &scene.nodes[*node];
        cover(corner.x, corner.y, corner.x + size.width, corner.y + size.height);
    }
    for (number, Route { points, label }) in &routes {
        let half = label_half(*number);
        cover(label.x - half, label.y - 7.0, label.x + half, label.y + 7.0);
        for point in points {
            cover(point.x, point.y, point.x, point.y);
        }
    }
    let shifted = |point: Point| Point { x: point.x - low.x, y: point.y - low.y };
    for (_, corner) in &mut corners {
        *corner = shifted(*corner);
    }
    for (_, route) in &mut routes {
        route.label = shifted(route.label);
        for point in &mut route.points {
            *point = shifted(*point);
        }
    }
    Part { width: high.x - low.x, height: high.y - low.y, corners, routes }
}

#[cfg(test)]
mod tests;
