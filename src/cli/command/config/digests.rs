//! `config --resolve-image-digests` and `--lock-image-digests`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value as Json, json};

use crate::cli::engine::connection;
use crate::cli::engine::session;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::io::output::Output;
use crate::engine::Images;
use crate::topology::attribute::put;
use crate::value::image::ImageReference;

/// How many registries are asked at once.
const AT_ONCE: usize = 8;

/// Pins every image of a canonical form to the digest that its registry has for it.
pub(super) fn pin(model: &mut Json, output: &Output) -> Result<(), CliError> {
    for (name, service) in services(model).filter(|(_, service)| service["image"].is_string()) {
        if is_built(service) {
            output.warning(&format!("the image of `{name}` is built, so it is not pinned"));
        } else if has_variable(&service["image"]) {
            output.warning(&format!("the image of `{name}` depends on a variable, so it is not pinned"));
        }
    }
    let images: BTreeSet<String> = pinnable(model).into_iter().map(|image| image.clone()).collect();
    if images.is_empty() {
        return Ok(());
    }
    let pinned = session::block_on(ask(images, output))?;
    for image in pinnable(model) {
        if let Some(reference) = pinned.get(image.as_str()) {
            image.clone_from(reference);
        }
    }
    Ok(())
}

/// Leaves only what pins an image: a file to be merged over the topology.
pub(super) fn keep_images(model: &mut Json, output: &Output) {
    let mut locked = Map::new();
    for (name, service) in services(model) {
        // Hooks of several files are appended to each other, so that a lock file would repeat them.
        if service["pre_start"].as_array().into_iter().flatten().any(|hook| hook["image"].is_string()) {
            output.warning(&format!(
                "images of `pre_start` of `{name}` are not locked; `--resolve-image-digests` pins them"
            ));
        }
        let mut kept = Map::new();
        if !is_built(service) && !has_variable(&service["image"]) {
            put(&mut kept, "image", service["image"].clone());
        }
        let volumes = service["volumes"].as_array().into_iter().flatten();
        let volumes: Vec<Json> = volumes.filter(|volume| volume["type"] == "image").cloned().collect();
        put(&mut kept, "volumes", Json::Array(volumes));
        put(&mut locked, name, Json::Object(kept));
    }
    *model = json!({ "services": locked });
}

fn services(model: &Json) -> impl Iterator<Item = (&String, &Json)> {
    model["services"].as_object().into_iter().flatten()
}

fn is_built(service: &Json) -> bool {
    !service["build"].is_null()
}

fn has_variable(text: &Json) -> bool {
    text.as_str().is_some_and(|text| text.contains('$'))
}

/// Every image that a registry may know: none that is built here, none whose name holds a variable.
fn pinnable(model: &mut Json) -> Vec<&mut String> {
    let names: BTreeSet<String> = services(model).map(|(name, _)| name.clone()).collect();
    let mut images = Vec::new();
    let services = model["services"].as_object_mut().into_iter().flatten();
    for (_, service) in services {
        let is_built = is_built(service);
        for (key, value) in service.as_object_mut().into_iter().flatten() {
            match key.as_str() {
                "image" if !is_built => images.push(value),
                "pre_start" => images.extend(elements(value).filter_map(|hook| hook.get_mut("image"))),
                "volumes" => images.extend(
                    elements(value)
                        .filter(|volume| volume["type"] == "image")
                        .filter_map(|volume| volume.get_mut("source")),
                ),
                _ => {}
            }
        }
    }
    let texts = images.into_iter().filter_map(|image| match image {
        Json::String(text) => Some(text),
        _ => None,
    });
    texts.filter(|text| !text.contains('$') && !names.contains(text.as_str())).collect()
}

fn elements(list: &mut Json) -> impl Iterator<Item = &mut Json> {
    list.as_array_mut().into_iter().flatten()
}

async fn ask(images: BTreeSet<String>, output: &Output) -> Result<BTreeMap<String, String>, CliError> {
    let engine = connection::connect(output).await?;
    let asked = stream::iter(images).map(async |image| {
        let answer = engine.pinned_image(&ImageReference::new(image.clone())).await;
        (image, answer)
    });
    let answers: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    let mut pinned = BTreeMap::new();
    let mut failed = Vec::new();
    for (image, answer) in answers {
        match answer {
            Ok(reference) => {
                pinned.insert(image, reference);
            }
            Err(error) => {
                failed.push(CliError::failed(format!("cannot determine the digest of `{image}`: {error}")));
            }
        }
    }
    if failed.is_empty() { Ok(pinned) } else { Err(CliError::Several(failed, Exit::Failed)) }
}
