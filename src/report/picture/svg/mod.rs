//! The picture as SVG, drawn without any other program.
//!
//! In: the content of a picture. Out: one SVG file without external fonts, scripts or files, which
//! follows the viewer's light or dark mode. Must not: differ from run to run.

mod arrange;
mod draw;
mod legend;
mod scene;
mod shape;
mod style;

use crate::report::picture::{Look, Picture};
use crate::topology::Topology;

/// The topology as an SVG file.
pub fn svg(topology: &Topology, look: &Look) -> String {
    let picture = Picture::new(topology, look.language);
    let scene = scene::Scene::new(&picture);
    let arranged = arrange::arrange(&scene, look.direction);
    draw::draw(&picture, &scene, &arranged)
}
