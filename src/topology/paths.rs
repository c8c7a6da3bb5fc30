//! Makes relative paths absolute. A path is relative to the directory of the file that it was
//! written in.

use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::source::{Environment, Spanned, cleaned};
use crate::topology::Sections;
use crate::topology::service::{Build, BuildContext, MountKind, Service};
use crate::topology::volume::Volume;
use crate::value::path::is_absolute_on_windows;

/// A build without a context uses the directory of its file.
pub(super) fn fill_in_contexts(sections: &mut Sections) {
    let builds = sections.services.values_mut().filter_map(|service| service.value.build.as_mut());
    for build in builds {
        let context = &mut build.value.context;
        if context.as_ref().is_none_or(|context| context.is_empty()) {
            *context = Some(Spanned::new(".".to_owned(), build.span));
        }
    }
}

/// Makes every path of a topology absolute.
pub(super) fn resolve(sections: &mut Sections, document: &Document, environment: &Environment) {
    let home = environment.get("HOME").map(|variable| PathBuf::from(&variable.value));
    let absolute = |path: &mut Spanned<String>| {
        // The attribute's own rule refuses an empty path.
        if path.is_empty() {
            return;
        }
        path.value = join_home(document.base(path.span.file), home.as_deref(), &path.value);
    };
    for service in sections.services.values_mut() {
        resolve_service(&mut service.value, &absolute);
    }
    sections.volumes.values_mut().for_each(|volume| resolve_device(&mut volume.value, &absolute));
    let secrets = sections.secrets.values_mut().filter_map(|secret| secret.value.file.as_mut());
    let configs = sections.configs.values_mut().filter_map(|config| config.value.file.as_mut());
    secrets.chain(configs).for_each(absolute);
}

fn resolve_service(service: &mut Service, absolute: &impl Fn(&mut Spanned<String>)) {
    if let Some(build) = &mut service.build {
        resolve_build(&mut build.value, absolute);
    }
    for file in &mut service.env_file.0 {
        absolute(&mut file.path);
    }
    service.label_file.0.iter_mut().for_each(absolute);
    for mount in &mut service.volumes.0 {
        if mount.value.kind == MountKind::Bind
            && let Some(source) = &mut mount.value.source
        {
            absolute(source);
        }
    }
    for rule in service.develop.iter_mut().flat_map(|develop| &mut develop.watch) {
        if let Some(path) = &mut rule.value.path {
            absolute(path);
        }
    }
}

/// A `local` volume that is really a bind mount: `driver_opts: {o: bind, device: ./directory}`.
fn resolve_device(volume: &mut Volume, absolute: &impl Fn(&mut Spanned<String>)) {
    let is_local = volume.driver.as_deref() == Some("local");
    let is_bind = volume.driver_opts.0.get("o").is_some_and(|option| option.as_str() == "bind");
    if let (true, true, Some(device)) = (is_local, is_bind, volume.driver_opts.0.get_mut("device")) {
        // As in Compose, an empty one is the directory of its file.
        if device.is_empty() {
            device.value = ".".to_owned();
        }
        absolute(device);
    }
}

/// Whether a build context is a path.
fn is_local(context: &str) -> bool {
    BuildContext::parse(context).local().is_some()
}

fn resolve_build(build: &mut Build, absolute: &impl Fn(&mut Spanned<String>)) {
    if let Some(context) = build.context.as_mut().filter(|context| is_local(context)) {
        absolute(context);
    }
    for context in build.additional_contexts.0.values_mut() {
        let span = context.span;
        if let Some(text) = &mut context.value
            && is_local(text)
        {
            let mut path = Spanned::new(std::mem::take(text), span);
            absolute(&mut path);
            *text = path.value;
        }
    }
}

/// Joins a relative path to its directory, without `.` and `..`; an absolute path is kept.
pub fn join(base: &Path, path: &str) -> String {
    if path.starts_with('/') || is_absolute_on_windows(path) {
        return path.to_owned();
    }
    cleaned(&base.join(path)).to_string_lossy().into_owned()
}

/// Like [`join`], with `~` replaced by the home directory.
pub(super) fn join_home(base: &Path, home: Option<&Path>, path: &str) -> String {
    match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) => join(home, rest.trim_start_matches('/')),
        _ => join(base, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_cleaned() {
        let home = Some(Path::new("/home/ana"));
        for (path, wanted) in [
            (".", "/p/app"),
            ("./a/../b", "/p/app/b"),
            ("../../../x", "/x"),
            ("/abs/./c/", "/abs/./c/"),
            ("~", "/home/ana"),
            ("~/d", "/home/ana/d"),
            (r"C:\data", r"C:\data"),
        ] {
            assert_eq!(join_home(Path::new("/p/app"), home, path), wanted, "{path}");
        }
    }
}
