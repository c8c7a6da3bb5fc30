//! What to type when the files of a topology cannot be read.

use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::source::{DEFAULT_NAMES, DiscoverError, Encoding, NamedBy, ReadError, Sources, Span, from_here};

/// The most names that are listed.
const LISTED: usize = 5;

/// What to do about an error, if that is known.
pub fn help(error: &DiscoverError) -> Option<String> {
    let (named_by, error) = match error {
        DiscoverError::NothingFound { searched } => return Some(to_name(searched)),
        DiscoverError::BadSwitch(_) => return Some("set it to `1` or `0`, or unset it".to_owned()),
        DiscoverError::Unreadable { named_by, error } => (*named_by, error),
    };
    let advice = match error {
        ReadError::Remote(path, remote) => Some(remote.help(&path.to_string_lossy())),
        ReadError::Missing(path) => instead(path, named_by),
        ReadError::NotAFile(path) if path.is_dir() => Some("it is a folder: name a file in it".to_owned()),
        ReadError::NotUtf8 { encoding: Encoding::Binary, .. } => Some("name a text file".to_owned()),
        ReadError::NotUtf8 { .. } => Some("save it as UTF-8".to_owned()),
        ReadError::NotAFile(_) | ReadError::TooLarge(_) | ReadError::Io { .. } => None,
    };
    let words: Vec<String> = namer(named_by).map(str::to_owned).into_iter().chain(advice).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// The topologies that may be named where none has a name that is looked for.
fn to_name(searched: &Path) -> String {
    // A folder may stand beside the topology that it is about.
    let beside = searched
        .file_name()
        .map(|name| ["yaml", "yml"].map(|end| format!("../{}.{end}", name.to_string_lossy())));
    let beside = beside.into_iter().flatten().find(|file| searched.join(file).is_file());
    if let Some(file) = beside {
        return format!("did you mean `{file}`?");
    }
    let folders = ["", "topologies"].map(|folder| searched.join(folder));
    let there = folders.iter().map(|folder| topologies_in(folder)).find(|names| !names.is_empty());
    let from_here = |file: &PathBuf| from_here(file).display().to_string();
    match there {
        Some(files) => format!(
            "name one of the files here: {}",
            listed(&files.iter().map(from_here).collect::<Vec<_>>())
        ),
        None => format!("create {}, or name a file of another folder", suggest::one_of(DEFAULT_NAMES)),
    }
}

/// The files in a folder that have services, or include what has; sorted.
fn topologies_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| is_topology(path) && has_services(path)).collect();
    files.sort();
    files
}

fn has_services(path: &Path) -> bool {
    let is_section = |line: &str| line.starts_with("services:") || line.starts_with("include:");
    Sources::bytes(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).lines().any(is_section))
}

/// The first of them.
fn listed(names: &[String]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED { ", ..." } else { "" };
    format!("{}{more}", listed.join(", "))
}

/// An error as a finding, at its place in the file where it has one.
pub fn finding(error: &DiscoverError) -> (Sources, Diagnostics) {
    let mut sources = Sources::default();
    let mut found = Diagnostics::default();
    let unreadable = match error {
        DiscoverError::Unreadable { error, .. } => Some(error),
        DiscoverError::NothingFound { .. } | DiscoverError::BadSwitch(_) => None,
    };
    let code = match unreadable {
        Some(ReadError::NotUtf8 { .. }) => code::BAD_ENCODING,
        _ => code::MISSING_FILE,
    };
    let diagnostic = found.error(code, error.to_string());
    if let Some(help) = help(error) {
        diagnostic.help(help);
    }
    // The lines of anything else mean nothing to people.
    if let Some(ReadError::NotUtf8 { path, encoding: Encoding::OneByte, readable: (text, first), .. }) =
        unreadable
    {
        let file = sources.add(path, text.as_str());
        let end = first + char::REPLACEMENT_CHARACTER.len_utf8();
        diagnostic.label(Span::new(file, *first, end), "the first byte that is not UTF-8");
    }
    (sources, found)
}

/// Says who named a file, unless the user just did.
fn namer(named_by: NamedBy) -> Option<&'static str> {
    match named_by {
        NamedBy::CommandLine | NamedBy::EnvFileOption => None,
        NamedBy::Variable => Some("`COMPOSE_FILE` names it"),
        NamedBy::EnvFileVariable => Some("`COMPOSE_ENV_FILES` names it"),
        NamedBy::ItsName => Some("a file with this name is always read"),
    }
}

/// The topology that was probably meant by a word that does not end as the name of one does.
pub fn topology_meant(word: &str) -> Option<String> {
    let path = Path::new(word);
    if path.is_dir() && !DEFAULT_NAMES.iter().any(|name| path.join(name).is_file()) {
        let files = topologies_in(path);
        let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        return (!names.is_empty())
            .then(|| format!("`{word}` is a folder; topologies in it: {}", listed(&names)));
    }
    let ends_like_one = |extension: &&std::ffi::OsStr| {
        ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    };
    if path.extension().as_ref().is_some_and(ends_like_one) {
        return path.is_file().then(|| format!("to name this file, write `-f {word}`"));
    }
    let with_end = ["", "topologies/"]
        .iter()
        .flat_map(|folder| ["yaml", "yml"].map(|extension| format!("{folder}{word}.{extension}")));
    let in_folder = DEFAULT_NAMES.iter().map(|name| format!("{}/{name}", word.trim_end_matches('/')));
    let mut candidates = with_end.chain(in_folder);
    candidates.find(|file| Path::new(file).is_file()).map(|file| format!("did you mean `{file}`?"))
}

/// The file that was probably meant, or those of its kind in the folder.
fn instead(path: &Path, named_by: NamedBy) -> Option<String> {
    let is_env_file_meant = matches!(named_by, NamedBy::EnvFileOption | NamedBy::EnvFileVariable);
    if let Some(meant) = topology_meant(&path.to_string_lossy()).filter(|_| !is_env_file_meant) {
        return Some(meant);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Some(format!("there is no folder `{}`", folder.display()));
    }
    let (is_meant, kind): (fn(&Path) -> bool, _) = match is_env_file_meant {
        true => (is_env_file, "env files"),
        false => (is_topology, "topologies"),
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| folder.join(entry.file_name())).filter(|path| is_meant(path));
    let shown = |path: &Path| path.strip_prefix(".").unwrap_or(path).display().to_string();
    let mut names: Vec<String> = files.map(|path| shown(&path)).collect();
    names.sort();
    if let Some(closest) = suggest::closest(&shown(path), names.iter().map(String::as_str)) {
        return Some(format!("did you mean `{closest}`?"));
    }
    if let Some(meant) = elsewhere(path) {
        return Some(format!("did you mean `{meant}`?"));
    }
    (!names.is_empty()).then(|| format!("{kind} there: {}", listed(&names)))
}

/// A file of that name one folder below, or above.
fn elsewhere(path: &Path) -> Option<String> {
    if path.is_absolute() || path.components().count() != 1 {
        return None;
    }
    let entries = std::fs::read_dir(".").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| PathBuf::from(entry.file_name())).collect();
    folders.sort();
    let mut files = folders.iter().map(|folder| folder.join(path)).chain([Path::new("..").join(path)]);
    files.find(|file| file.is_file()).map(|file| file.display().to_string())
}

fn is_topology(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// `.env`, `.env.local` or `local.env`.
fn is_env_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_file() && (name.starts_with(".env") || name.ends_with(".env"))
}
