//! Build contexts that do not exist.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, suggest};
use crate::lint::blank;
use crate::lint::rule::{Group, Rule, code};
use crate::source::{FileSystem, ReadError, Spanned};
use crate::topology::Topology;
use crate::topology::join_path;
use crate::topology::service::BuildContext;
use crate::topology::service::build::BuildSection;

const UNREADABLE_BUILD_FILE: Code = code!(
    "unreadable-build-file",
    BAD_VALUE,
    "A Dockerfile or `.dockerignore` is not a file that can be read."
);
const MISSING_BUILD_FILE: Code =
    code!("missing-build-file", MISSING_SOURCE, "A build context or its Dockerfile does not exist.");

pub(super) const RULE: Rule = Rule {
    codes: &[(UNREADABLE_BUILD_FILE, Severity::Error), (MISSING_BUILD_FILE, Severity::Warning)],
    group: Group::Correctness,
    since: "0.1.0",
    check,
};

/// Warns about missing build contexts and Dockerfiles of active services. Not an error: an existing
/// image needs no build, and the files may be created later.
pub fn check(topology: &Topology, found: &mut Diagnostics) {
    topology.keep_certain(found, |found| {
        for build in topology.services.values().filter_map(|service| service.build.as_ref()) {
            check_build(build, &topology.file_system, Severity::Warning, found);
        }
    });
}

/// Reports missing files of a build that is about to run.
pub fn require(build: &BuildSection, file_system: &FileSystem, found: &mut Diagnostics) {
    check_build(build, file_system, Severity::Error, found);
}

fn check_build(build: &BuildSection, file_system: &FileSystem, severity: Severity, found: &mut Diagnostics) {
    let is_local = |context: &&Spanned<String>| BuildContext::parse(context).local().is_some();
    let Some(context) = build.context.as_ref().filter(is_local) else { return };
    let directory = Path::new(&context.value);
    if !file_system.exists(directory) {
        let blank = blank::reported_help(context.span, found);
        if blank.is_some() && severity != Severity::Error {
            return;
        }
        let message =
            format!("the build context `{}` does not exist", file_system.shown(directory).display());
        tell(message, severity, found)
            .label(context.span, "nothing to build from")
            .help(blank.unwrap_or_else(|| other_directory(directory, file_system)));
        return;
    }
    // A context may be an archive, whose content is not read.
    if !file_system.is_directory(directory) {
        return;
    }
    check_ignore_file(context, build, file_system, found);
    let Some(dockerfile) = build.dockerfile.as_ref().filter(|_| build.dockerfile_inline.is_none()) else {
        return;
    };
    match file_system.check(&build.dockerfile_in(directory, file_system)) {
        Ok(()) => return,
        Err(ReadError::Missing(_)) => {}
        Err(error) => {
            found
                .error(UNREADABLE_BUILD_FILE, format!("{error}: no image can be built from it"))
                .label(dockerfile.span, "named as the Dockerfile here")
                .help("name a file with the steps of the build: `dockerfile: FILE`");
            return;
        }
    }
    let blank = blank::reported_help(dockerfile.span, found);
    if blank.is_some() && severity != Severity::Error {
        return;
    }
    let path = join_path(directory, &dockerfile.value);
    let message =
        format!("the Dockerfile `{}` does not exist", file_system.shown(Path::new(&path)).display());
    let (help, meant) = other_file(&dockerfile.value, Path::new(&path), file_system);
    let diagnostic = tell(message, severity, found);
    diagnostic.label(dockerfile.span, "looked for in the build context").help(blank.clone().unwrap_or(help));
    if let Some(meant) = meant.filter(|_| blank.is_none()) {
        diagnostic.perhaps_replace(dockerfile, meant);
    }
}

/// An ignore file must be a file, if it exists.
fn check_ignore_file(
    context: &Spanned<String>,
    build: &BuildSection,
    file_system: &FileSystem,
    found: &mut Diagnostics,
) {
    let directory = Path::new(&context.value);
    let beside = build.dockerfile.as_ref().filter(|_| build.dockerfile_inline.is_none()).map(|_| {
        let mut name = build.dockerfile_in(directory, file_system).into_os_string();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    let paths = beside.into_iter().chain([directory.join(".dockerignore")]);
    let first = paths
        .map(|path| file_system.check(&path))
        .find(|is_read| !matches!(is_read, Err(ReadError::Missing(_))));
    let Some(Err(error)) = first else { return };
    found
        .error(
            UNREADABLE_BUILD_FILE,
            format!("{error}: it has to be a file that lists what builds leave out"),
        )
        .label(context.span, "built from here")
        .help("remove it, or put a file in its place");
}

/// The help for a missing directory.
fn other_directory(directory: &Path, file_system: &FileSystem) -> String {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let there = names_beside(directory, file_system, |path| file_system.is_directory(path));
    match suggest::closest(&name, there.iter().map(String::as_str)) {
        Some(closest) => format!("did you mean the directory `{closest}`?"),
        None => "create the directory, or name an existing one".to_owned(),
    }
}

/// The most files that are listed.
const LIMIT: usize = 5;

/// The help for a missing Dockerfile, and the probable one; `written` is its name in the topology.
fn other_file(written: &str, path: &Path, file_system: &FileSystem) -> (String, Option<String>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_dockerfile = |name: &String| name.to_ascii_lowercase().starts_with("dockerfile");
    let mut there = names_beside(path, file_system, |path| file_system.is_file(path));
    there.retain(is_dockerfile);
    there.truncate(LIMIT);
    let directory = written.strip_suffix(&*name).unwrap_or_default();
    let there: Vec<String> = there.iter().map(|name| format!("{directory}{name}")).collect();
    let names = || there.iter().map(String::as_str);
    let only = || there.first().map(String::as_str).filter(|_| there.len() == 1);
    if let Some(file) = suggest::closest(written, names()).or_else(only) {
        return (format!("did you mean `dockerfile: {file}`?"), Some(file.to_owned()));
    }
    let help = match there.is_empty() {
        true => "create it, or name another file: `dockerfile: FILE`".to_owned(),
        false => format!("in that directory there is {}", suggest::one_of(names())),
    };
    (help, None)
}

/// The names of entries in the same directory, sorted.
fn names_beside(path: &Path, file_system: &FileSystem, is_wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let Some(directory) = path.parent() else { return Vec::new() };
    let mut names = file_system.names_in(directory);
    names.retain(|name| is_wanted(&directory.join(name)));
    names
}

fn tell(message: String, severity: Severity, found: &mut Diagnostics) -> &mut Diagnostic {
    match severity {
        Severity::Error => found.error(MISSING_BUILD_FILE, message),
        Severity::Warning | Severity::Note => found.warning(MISSING_BUILD_FILE, message),
    }
}
