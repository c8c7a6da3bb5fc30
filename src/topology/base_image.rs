//! In: the Dockerfiles of services. Out: which service's image is built on which other's. Must not:
//! report an unreadable Dockerfile; the builder does, if it is ever used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::source::{FileSystem, substitute};
use crate::topology::name::{ProjectName, ServiceName};
use crate::topology::service::Service;
use crate::topology::service::build::BuildSection;
use crate::value::image::ImageReference;
use crate::value::pair::Pair;

/// Services with those whose images they are built on. Acyclic.
pub type Bases = BTreeMap<ServiceName, BTreeSet<ServiceName>>;

/// How many bytes interpolation may add to a Dockerfile.
const GROWTH_LIMIT: usize = 1 << 16;

/// Finds the services whose Dockerfiles refer to another service's image in `FROM` or `COPY
/// --from`.
pub(super) fn find<'a>(
    project: &ProjectName,
    services: impl Iterator<Item = (&'a ServiceName, &'a Service)> + Clone,
    file_system: &FileSystem,
) -> Bases {
    let built = services.clone().filter(|(_, service)| service.build.is_some());
    let makers: BTreeMap<_, _> =
        built.clone().map(|(name, service)| (key(&image(project, name, service)), name)).collect();
    let mut bases = Bases::new();
    if makers.len() < 2 {
        return bases;
    }
    for (name, service) in built {
        let Some(build) = &service.build else { continue };
        let named = dockerfile(build, file_system).map(|text| images(&text, build)).unwrap_or_default();
        for base in named.iter().filter_map(|image| makers.get(&key(image))) {
            if !leads_to(&bases, base, name) {
                bases.entry(name.clone()).or_default().insert((*base).clone());
            }
        }
    }
    bases
}

fn leads_to(bases: &Bases, from: &ServiceName, to: &ServiceName) -> bool {
    from == to || bases.get(from).is_some_and(|next| next.iter().any(|next| leads_to(bases, next, to)))
}

fn image(project: &ProjectName, name: &ServiceName, service: &Service) -> String {
    service.image.as_ref().map_or_else(|| format!("{project}-{name}"), |image| image.value.to_string())
}

/// Equal for all names of one image.
fn key(image: &str) -> (String, String) {
    let reference = ImageReference::from(image);
    (reference.full_name(), reference.version().to_owned())
}

/// The text of a Dockerfile on this machine.
fn dockerfile(build: &BuildSection, file_system: &FileSystem) -> Option<String> {
    if let Some(inline) = &build.dockerfile_inline {
        return Some(inline.value.clone());
    }
    let directory = Path::new(build.context.as_ref()?.as_str());
    let text = file_system.bytes(&build.dockerfile_in(directory, file_system)).ok()?;
    String::from_utf8(text).ok()
}

/// The images that a Dockerfile refers to, possibly with its own stages among them.
fn images(text: &str, build: &BuildSection) -> BTreeSet<String> {
    let mut arguments = BTreeMap::<&str, &str>::new();
    let mut images = BTreeSet::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let instruction = words.next().unwrap_or_default().to_ascii_uppercase();
        let named = match instruction.as_str() {
            "ARG" => {
                let (name, default) = words.next().and_then(Pair::both).unwrap_or_default();
                arguments.entry(name).or_insert(default.trim_matches('"'));
                None
            }
            "FROM" => words.find(|word| !word.starts_with("--")),
            "COPY" => words.find_map(|word| word.strip_prefix("--from=")),
            _ => None,
        };
        let given = |name: &str| build.args.0.get(name).and_then(|value| value.value.as_deref());
        let lookup = |name: &str| given(name).or_else(|| arguments.get(name).copied());
        images.extend(named.map(|image| substitute(image, &lookup, &mut { GROWTH_LIMIT }).text));
    }
    images
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Sources, Span, Spanned};

    #[test]
    fn images_are_named_with_the_arguments_filled_in() {
        let span = Span::new(Sources::default().add("t", ""), 0, 0);
        let mut build = BuildSection::default();
        build.args.0.insert("TAG".to_owned(), Spanned::new(Some("2".to_owned()), span));
        let text = "ARG TAG=1\nARG BASE=\"alpine\"\nfrom --platform=$BUILDPLATFORM app:${TAG} AS one\n\
                    FROM $BASE\nCOPY --chown=1 --from=tools:3 /a /b\nRUN echo FROM nothing\n";
        let images: Vec<String> = images(text, &build).into_iter().collect();
        assert_eq!(images, ["alpine", "app:2", "tools:3"]);
    }

    #[test]
    fn one_image_has_several_names() {
        assert_eq!(key("app"), key("docker.io/library/app:latest"));
        assert_ne!(key("app:1"), key("app:2"));
    }
}
