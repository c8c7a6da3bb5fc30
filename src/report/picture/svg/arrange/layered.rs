//! In: boxes that arrows connect. Out: their positions in layers: what needs something comes before
//! it. Must not: know of other groups of boxes.
//!
//! The layers are columns from left to right, computed by dagre. For a picture from top to bottom,
//! boxes are transposed first, and the result is transposed back.

use std::collections::BTreeMap;

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::{GAP, Part, Point, Route, Segment};
use crate::report::picture::Direction;
use crate::report::picture::svg::scene::{Arrow, Scene};

/// Space between columns, with labels in the middle. Many arrows need more of it, or they become
/// steep.
const COLUMN_GAP: f64 = 84.0;
const WIDEST_COLUMN_GAP: f64 = 220.0;
const COLUMN_GAP_OF_AN_ARROW: f64 = 1.5;
/// Space between rows of a picture from top to bottom, where labels need less.
const ROW_GAP: f64 = 52.0;
/// Space between arrows that start or end at the same box.
const ARROW_GAP: f64 = 13.0;
/// Space at the corners of a box, where no arrow starts or ends.
const CORNER: f64 = 8.0;
const LABEL_HEIGHT: f64 = 14.0;

/// Puts the boxes of a group in layers.
pub(super) fn arrange(scene: &Scene, group: &[usize], direction: Direction) -> Part {
    let part = layered(&Layers { scene, direction }, group);
    match direction {
        Direction::Right => part,
        Direction::Down => turned(part),
    }
}

/// What is arranged, in terms of the direction: `width` runs from layer to layer.
struct Layers<'a> {
    scene: &'a Scene,
    direction: Direction,
}

#[derive(Clone, Copy)]
struct Size {
    width: f64,
    height: f64,
}

impl Layers<'_> {
    fn node(&self, node: usize) -> Size {
        let node = &self.scene.nodes[node];
        self.along(Size { width: node.width, height: node.height })
    }

    fn label(&self, arrow: &Arrow) -> Size {
        self.along(Size { width: arrow.label_width(), height: LABEL_HEIGHT })
    }

    fn along(&self, Size { width, height }: Size) -> Size {
        match self.direction {
            Direction::Right => Size { width, height },
            Direction::Down => Size { width: height, height: width },
        }
    }

    fn gap(&self, arrows: usize) -> f64 {
        let gap = match self.direction {
            Direction::Right => COLUMN_GAP,
            Direction::Down => ROW_GAP,
        };
        (gap + COLUMN_GAP_OF_AN_ARROW * arrows as f64).min(WIDEST_COLUMN_GAP)
    }
}

fn turned(part: Part) -> Part {
    let point = |Point { x, y }: Point| Point { x: y, y: x };
    Part {
        width: part.height,
        height: part.width,
        corners: part.corners.into_iter().map(|(node, corner)| (node, point(corner))).collect(),
        routes: part.routes.into_iter().map(|(arrow, route)| (arrow, route.map(point))).collect(),
    }
}

/// Columns from left to right: what needs something is left of it.
fn layered(layers: &Layers<'_>, group: &[usize]) -> Part {
    let mut graph = Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for node in group {
        let Size { width, height } = layers.node(*node);
        graph.set_node(node.to_string(), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    }
    let arrows = layers.scene.arrows.iter().enumerate().filter(|(_, arrow)| group.contains(&arrow.from));
    let arrows: Vec<(usize, &Arrow)> = arrows.collect();
    for (number, arrow) in &arrows {
        let Size { width, height } = layers.label(arrow);
        let label = EdgeLabel { width, height, labelpos: LabelPos::Center, ..EdgeLabel::default() };
        graph.set_edge(arrow.from.to_string(), arrow.to.to_string(), Some(label), Some(&number.to_string()));
    }
    dagre::layout(&mut graph, Some(options(layers.gap(arrows.len()))));
    placed(layers, group, &arrows, &graph)
}

fn options(column_gap: f64) -> LayoutOptions {
    LayoutOptions {
        rankdir: RankDir::LR,
        nodesep: GAP,
        edgesep: 8.0,
        ranksep: column_gap,
        ..LayoutOptions::default()
    }
}

fn placed(
    layers: &Layers<'_>,
    group: &[usize],
    arrows: &[(usize, &Arrow)],
    graph: &Graph<NodeLabel, EdgeLabel>,
) -> Part {
    let middles = group.iter().map(|node| (*node, middle(graph, *node)));
    let mut middles: BTreeMap<usize, Point> = middles.collect();
    let ways = arrows.iter().map(|(number, arrow)| Way::new(layers, graph, *number, arrow));
    let mut ways: Vec<Way> = ways.collect();
    if is_upside_down(&middles) {
        let points = ways.iter_mut().flat_map(|way| way.between.iter_mut().chain([&mut way.label]));
        middles.values_mut().chain(points).for_each(|point| point.y = -point.y);
    }
    let mut columns = Columns::default();
    for (node, middle) in &middles {
        columns.add(middle.x, layers.node(*node).width);
    }
    for way in &ways {
        columns.add(way.label.x, way.label_size.width);
    }
    let ends = Ends::new(layers, &middles, &ways);
    let route =
        |way: &Way| (way.number, route(way, &ends, &columns, (middles[&way.from].x, middles[&way.to].x)));
    let routes = ways.iter().map(route).collect();
    let corners = middles.into_iter().map(|(node, middle)| {
        let Size { width, height } = layers.node(node);
        (node, Point { x: middle.x - width / 2.0, y: middle.y - height / 2.0 })
    });
    shifted_to_origin(layers, &ways, corners.collect(), routes)
}

/// Whether most boxes of a column are in reverse order, which dagre does not prevent.
fn is_upside_down(middles: &BTreeMap<usize, Point>) -> bool {
    let (mut kept, mut reversed) = (0, 0);
    for (node, middle) in middles {
        let following = middles.range(node + 1..).map(|(_, following)| following);
        for following in following.filter(|following| (following.x - middle.x).abs() < 1.0) {
            if following.y > middle.y {
                kept += 1;
            } else {
                reversed += 1;
            }
        }
    }
    reversed > kept
}

fn middle(graph: &Graph<NodeLabel, EdgeLabel>, node: usize) -> Point {
    let label = graph.node(&node.to_string());
    let at = |value: Option<f64>| value.unwrap_or_default();
    Point { x: at(label.and_then(|label| label.x)), y: at(label.and_then(|label| label.y)) }
}

/// An arrow with its route around other boxes, as dagre chose it.
struct Way {
    number: usize,
    from: usize,
    to: usize,
    /// Without its ends.
    between: Vec<Point>,
    label: Point,
    label_size: Size,
}

impl Way {
    fn new(layers: &Layers<'_>, graph: &Graph<NodeLabel, EdgeLabel>, number: usize, arrow: &Arrow) -> Self {
        let found = graph.edge(&arrow.from.to_string(), &arrow.to.to_string(), Some(&number.to_string()));
        let points = found.map(|edge| edge.points.as_slice()).unwrap_or_default();
        let inner = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        let between = inner.iter().map(|point| Point { x: point.x, y: point.y }).collect();
        let at = |value: Option<f64>| value.unwrap_or_default();
        let label = Point { x: at(found.and_then(|edge| edge.x)), y: at(found.and_then(|edge| edge.y)) };
        Self { number, from: arrow.from, to: arrow.to, between, label, label_size: layers.label(arrow) }
    }
}

/// Columns by their centre, in whole pixels, with half of their widths.
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

/// The points where arrows leave and reach their boxes.
struct Ends {
    starts: BTreeMap<usize, Point>,
    targets: BTreeMap<usize, Point>,
}

impl Ends {
    /// Arrows of one box are sorted by their destinations, so that they do not cross right away.
    fn new(layers: &Layers<'_>, middles: &BTreeMap<usize, Point>, ways: &[Way]) -> Self {
        let (mut starts, mut targets) = (BTreeMap::new(), BTreeMap::new());
        for (node, middle) in middles {
            let Size { width, height } = layers.node(*node);
            let mut leaving: Vec<&Way> = ways.iter().filter(|way| way.from == *node).collect();
            leaving.sort_by(|one, other| first_y(one, middles).total_cmp(&first_y(other, middles)));
            let right = Point { x: middle.x + width / 2.0, y: middle.y };
            starts.extend(spread(&leaving, right, height));
            let mut reaching: Vec<&Way> = ways.iter().filter(|way| way.to == *node).collect();
            reaching.sort_by(|one, other| last_y(one, middles).total_cmp(&last_y(other, middles)));
            let left = Point { x: middle.x - width / 2.0, y: middle.y };
            targets.extend(spread(&reaching, left, height));
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
    let gap = ARROW_GAP.min((height - 2.0 * CORNER) / ways.len() as f64);
    let first = side.y - gap * (ways.len() as f64 - 1.0) / 2.0;
    let at = |place: usize| Point { x: side.x, y: first + gap * place as f64 };
    ways.iter().enumerate().map(|(place, way)| (way.number, at(place))).collect()
}

/// An arrow bends only between columns; along a column it goes straight, past the boxes.
fn route(way: &Way, ends: &Ends, columns: &Columns, (first, last): (f64, f64)) -> Route {
    let (start, target) = (ends.starts[&way.number], ends.targets[&way.number]);
    let mut points = vec![Point { x: first + columns.half_width(first), y: start.y }];
    for point in &way.between {
        let half = columns.half_width(point.x);
        points.push(Point { x: point.x - half, y: point.y });
        points.push(Point { x: point.x + half, y: point.y });
    }
    points.push(Point { x: last - columns.half_width(last), y: target.y });
    points.push(target);
    let mut segments = Vec::new();
    let mut from = start;
    for to in points {
        segments.push(segment(from, to));
        from = to;
    }
    Route { start, segments, label: way.label }
}

/// A curve leaves and reaches its ends along the direction of the layers.
fn segment(from: Point, to: Point) -> Segment {
    if (to.y - from.y).abs() < 0.5 {
        return Segment::Straight { to };
    }
    let x = f64::midpoint(from.x, to.x);
    Segment::Bend { first_control: Point { x, y: from.y }, second_control: Point { x, y: to.y }, to }
}

/// dagre knows only boxes and centres of labels, so that parts may lie outside its area.
fn shifted_to_origin(
    layers: &Layers<'_>,
    ways: &[Way],
    corners: Vec<(usize, Point)>,
    routes: Vec<(usize, Route)>,
) -> Part {
    let mut low = Point { x: f64::MAX, y: f64::MAX };
    let mut high = Point { x: f64::MIN, y: f64::MIN };
    let mut cover = |corner: Point, Size { width, height }: Size| {
        low = Point { x: low.x.min(corner.x), y: low.y.min(corner.y) };
        high = Point { x: high.x.max(corner.x + width), y: high.y.max(corner.y + height) };
    };
    for (node, corner) in &corners {
        cover(*corner, layers.node(*node));
    }
    for Way { label, label_size, .. } in ways {
        let Size { width, height } = *label_size;
        cover(Point { x: label.x - width / 2.0, y: label.y - height / 2.0 }, *label_size);
    }
    for point in routes.iter().flat_map(|(_, route)| route.points()) {
        cover(point, Size { width: 0.0, height: 0.0 });
    }
    let shifted = |point: Point| Point { x: point.x - low.x, y: point.y - low.y };
    Part {
        width: high.x - low.x,
        height: high.y - low.y,
        corners: corners.into_iter().map(|(node, corner)| (node, shifted(corner))).collect(),
        routes: routes.into_iter().map(|(arrow, route)| (arrow, route.map(shifted))).collect(),
    }
}
