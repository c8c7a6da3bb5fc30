//! What to type when the files of a topology cannot be read.

use std::path::Path;

use crate::diagnostic::{Diagnostics, code, suggest};
use crate::source::{DEFAULT_NAMES, DiscoverError, Encoding, NamedBy, ReadError, Sources, Span};

/// The most names that are listed.
const LISTED: usize = 5;

/// What to do about an error, if that is known.
pub fn help(error: &DiscoverError) -> Option<String> {
    let (named_by, error) = match error {
        DiscoverError::NothingFound { .. } => {
            let names = suggest::one_of(DEFAULT_NAMES);
            return Some(format!("name a file, as in `topo up topologies/web.yaml`, or create {names}"));
        }
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
        diagnostic.label(Span::new(file, *first, end), "the first byte that is no UTF-8");
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
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED { ", ..." } else { "" };
    (!listed.is_empty()).then(|| format!("{kind} there: {}{more}", listed.join(", ")))
}

fn is_topology(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// `.env`, `.env.local` or `local.env`.
fn is_env_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.is_file() && (name.starts_with(".env") || name.ends_with(".env"))
}
