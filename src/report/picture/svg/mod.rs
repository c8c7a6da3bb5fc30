//! The picture as SVG, drawn here: nothing else has to be installed to see it.
//!
//! In: what is drawn. Out: one SVG file that needs no font, script or file from elsewhere, and follows the
//! viewer's light or dark mode.
//! Must not: differ from run to run.

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
    let picture = Picture::of(topology, look.language);
    let scene = scene::Scene::of(&picture);
    let arranged = arrange::arrange(&scene, look.direction);
    draw::draw(&picture, &scene, &arranged)
}
