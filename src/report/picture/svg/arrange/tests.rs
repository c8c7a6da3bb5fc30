use super::{Arranged, Direction, PAGE_WIDTH, Point, Route, arrange};
use crate::report::picture::svg::scene::{Arrow, ArrowKind, Node, NodeKind, Scene};

/// A pseudo-random sequence that is the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Boxes of many sizes; arrows only lead to boxes with a higher index, so that there are no cycles.
fn scene(nodes: usize, arrows: usize, seed: u64) -> Scene {
    let mut dice = Dice(seed);
    let node = |dice: &mut Dice| Node {
        width: 60.0 + dice.below(200) as f64,
        height: 40.0 + dice.below(60) as f64,
        kind: NodeKind::Volume(String::new()),
    };
    let nodes: Vec<Node> = (0..nodes).map(|_| node(&mut dice)).collect();
    let arrow = |dice: &mut Dice| {
        let from = dice.below(nodes.len() - 1);
        let to = from + 1 + dice.below(nodes.len() - from - 1);
        Arrow { from, to, kind: ArrowKind::Mount, label: "x".repeat(dice.below(20)) }
    };
    let arrows = (0..arrows).map(|_| arrow(&mut dice)).collect();
    Scene { nodes, arrows }
}

fn scenes() -> impl Iterator<Item = Scene> {
    let sizes = [(2, 1), (3, 2), (5, 4), (5, 12), (20, 15), (30, 40), (60, 20)];
    sizes.into_iter().flat_map(|(nodes, arrows)| (0..4).map(move |seed| scene(nodes, arrows, seed)))
}

/// Each scene in each direction.
fn arrangements() -> impl Iterator<Item = (Scene, Arranged, Direction)> {
    [Direction::Right, Direction::Down].into_iter().flat_map(|direction| {
        scenes().map(move |scene| {
            let arranged = arrange(&scene, Some(direction));
            (scene, arranged, direction)
        })
    })
}

/// Left, top, right and bottom of a box.
fn sides(scene: &Scene, arranged: &Arranged, node: usize) -> [f64; 4] {
    let (corner, size) = (arranged.corners[node], &scene.nodes[node]);
    [corner.x, corner.y, corner.x + size.width, corner.y + size.height]
}

fn overlap(one: [f64; 4], other: [f64; 4]) -> bool {
    let margin = 0.5;
    one[0] + margin < other[2]
        && other[0] + margin < one[2]
        && one[1] + margin < other[3]
        && other[1] + margin < one[3]
}

#[test]
fn boxes_do_not_overlap_and_are_within_the_picture() {
    for (scene, arranged, _) in arrangements() {
        for node in 0..scene.nodes.len() {
            let own = sides(&scene, &arranged, node);
            assert!(own[0] > -0.5 && own[1] > -0.5, "{own:?}");
            assert!(own[2] < arranged.width + 0.5 && own[3] < arranged.height + 0.5, "{own:?}");
            for other in 0..node {
                assert!(!overlap(own, sides(&scene, &arranged, other)), "{node} and {other}");
            }
        }
    }
}

#[test]
fn arrows_cross_no_box_and_bend_only_between_layers() {
    for (scene, arranged, direction) in arrangements() {
        for (arrow, route) in scene.arrows.iter().zip(&arranged.routes) {
            let points: Vec<Point> = route.points().collect();
            for pair in points.windows(2) {
                let (from, to) = (pair[0], pair[1]);
                let step = match direction {
                    Direction::Right => [from.x, from.y.min(to.y) - 1.0, to.x, from.y.max(to.y) + 1.0],
                    Direction::Down => [from.x.min(to.x) - 1.0, from.y, from.x.max(to.x) + 1.0, to.y],
                };
                let is_forward = step[2] > step[0] - 0.5 && step[3] > step[1] - 0.5;
                assert!(is_forward, "arrows lead in the direction: {step:?}");
                let others = (0..scene.nodes.len()).filter(|node| ![arrow.from, arrow.to].contains(node));
                for node in others {
                    assert!(!overlap(step, sides(&scene, &arranged, node)), "{} to {}", arrow.from, arrow.to);
                }
            }
        }
    }
}

#[test]
fn labels_overlap_neither_each_other_nor_boxes() {
    for (scene, arranged, _) in arrangements() {
        let half = |arrow: &Arrow| arrow.label_width() / 2.0;
        let labels: Vec<[f64; 4]> = scene
            .arrows
            .iter()
            .zip(&arranged.routes)
            .map(|(arrow, Route { label, .. })| {
                [label.x - half(arrow), label.y - 6.0, label.x + half(arrow), label.y + 6.0]
            })
            .collect();
        for (number, label) in labels.iter().enumerate() {
            assert!(labels[..number].iter().all(|other| !overlap(*label, *other)), "label {number}");
            let is_on_a_box = |node: usize| overlap(*label, sides(&scene, &arranged, node));
            assert!(!(0..scene.nodes.len()).any(is_on_a_box), "label {number}");
        }
    }
}

#[test]
fn the_layout_is_deterministic() {
    for scene in scenes() {
        let (one, other) = (arrange(&scene, None), arrange(&scene, None));
        assert_eq!(one.corners, other.corners);
    }
}

/// Boxes of one size, and arrows between them.
fn same_boxes(nodes: usize, arrows: impl Iterator<Item = (usize, usize)>) -> Scene {
    let node = |_| Node { width: 150.0, height: 80.0, kind: NodeKind::Volume(String::new()) };
    let arrow = |(from, to)| Arrow { from, to, kind: ArrowKind::Mount, label: "/data".to_owned() };
    Scene { nodes: (0..nodes).map(node).collect(), arrows: arrows.map(arrow).collect() }
}

#[test]
fn a_chain_wider_than_a_page_is_drawn_from_top_to_bottom() {
    let chain = |length: usize| same_boxes(length, (1..length).map(|to| (to - 1, to)));
    let short = arrange(&chain(3), None);
    assert!(short.width > short.height && short.width < PAGE_WIDTH);
    let long = chain(14);
    let (down, right) = (arrange(&long, None), arrange(&long, Some(Direction::Right)));
    assert!(down.width < 200.0 && down.height > PAGE_WIDTH, "{} x {}", down.width, down.height);
    assert!(right.width > PAGE_WIDTH && right.height < 200.0, "{} x {}", right.width, right.height);
}

#[test]
fn what_is_too_wide_in_both_directions_uses_the_narrower_one() {
    let fan = same_boxes(26, (1..20).map(|to| (0, to)).chain((20..26).map(|to| (to - 1, to))));
    let [free, right, down] =
        [None, Some(Direction::Right), Some(Direction::Down)].map(|direction| arrange(&fan, direction).width);
    assert!(right > PAGE_WIDTH && down > right, "{right} and {down}");
    assert_eq!(free, right);
}

#[test]
fn boxes_of_a_layer_keep_their_order() {
    let fan = same_boxes(8, (1..8).map(|to| (0, to)));
    let right = arrange(&fan, Some(Direction::Right));
    assert!(right.corners[1..].is_sorted_by(|one, next| one.y < next.y), "{:?}", right.corners);
    let down = arrange(&fan, Some(Direction::Down));
    assert!(down.corners[1..].is_sorted_by(|one, next| one.x < next.x), "{:?}", down.corners);
}
