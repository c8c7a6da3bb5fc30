//! What to type when the files of a topology cannot be read.

use std::path::{Path, PathBuf};

use crate::cli::process;
use crate::diagnostic::{Diagnostics, code, suggest};
use crate::source::{DEFAULT_NAMES, Damage, DiscoverError, NamedBy, ReadError, Sources, Span};

/// The most names that are listed.
const LISTED: usize = 5;

/// What to do about an error, if that is known.
pub(crate) fn help(error: &DiscoverError) -> Option<String> {
    let (named_by, error) = match error {
        DiscoverError::NothingFound { searched } => return Some(to_name(searched)),
        DiscoverError::BadSwitch(_) => return Some("set it to `1` or `0`, or unset it".to_owned()),
        DiscoverError::Unreadable { named_by, error } => (*named_by, error),
    };
    let advice = match error {
        ReadError::Remote(path, remote) => Some(remote.help(&path.to_string_lossy())),
        ReadError::Missing(path) => instead(path, named_by),
        ReadError::NotAFile(path) if path.is_dir() => topologies_of_folder(&path.to_string_lossy())
            .or_else(|| Some("it is a directory: name a file in it".to_owned())),
        ReadError::NotUtf8 { damage: Damage::Binary, .. } => Some("name a text file".to_owned()),
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
    let path_text = |file: &PathBuf| process::file_system().shown(file).display().to_string();
    match there {
        Some(files) => format!(
            "name one of the files here: {}",
            listed(&files.iter().map(path_text).collect::<Vec<_>>())
        ),
        None => match around(searched).as_slice() {
            [] => format!("create {}, or name a file of another directory", suggest::one_of(DEFAULT_NAMES)),
            files => format!("name one of the files in other directories: {}", listed(files)),
        },
    }
}

/// How many directories above are looked into.
const ABOVE: usize = 3;
/// The most directories below that are looked into.
const BELOW: usize = 50;

/// Topologies in the directories above this one, else in those below it, as they are named from the working directory.
fn around(folder: &Path) -> Vec<String> {
    let is_here = std::env::current_dir().is_ok_and(|here| here == folder);
    let above = folder.ancestors().enumerate().skip(1).take(ABOVE);
    // Nobody keeps the topology of a project at the root of the file system, or in the system's temporary folder.
    let is_of_system = |folder: &Path| folder.parent().is_none() || folder == std::env::temp_dir();
    for (steps, folder) in above.take_while(|(_, folder)| !is_of_system(folder)) {
        let files = topologies_in(folder);
        let path_text = |file: &PathBuf| match file.file_name().filter(|_| is_here) {
            Some(name) => format!("{}{}", "../".repeat(steps), name.display()),
            None => file.display().to_string(),
        };
        if !files.is_empty() {
            return files.iter().map(path_text).collect();
        }
    }
    let files = folders_in(folder).into_iter().flat_map(|folder| topologies_in(&folder));
    files.map(|file| process::file_system().shown(&file).display().to_string()).collect()
}

/// The directories in a directory that are not hidden, sorted.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_hidden =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| !is_hidden(path) && path.is_dir())
        .take(BELOW)
        .collect();
    folders.sort();
    folders
}

/// The files in a directory that have services, or include what has; sorted.
fn topologies_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| is_topology(path) && has_services(path)).collect();
    files.sort();
    files
}

fn has_services(path: &Path) -> bool {
    let is_section = |line: &str| line.starts_with("services:") || line.starts_with("include:");
    process::file_system()
        .bytes(path)
        .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).lines().any(is_section))
}

/// The first of them.
fn listed(names: &[String]) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED { ", ..." } else { "" };
    format!("{}{more}", listed.join(", "))
}

/// An error as a finding, at its place in the file where it has one.
pub(crate) fn finding(error: &DiscoverError) -> (Sources, Diagnostics) {
    let mut sources = Sources::new(process::file_system());
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
    if let Some(ReadError::NotUtf8 { path, damage: Damage::OneByte, readable: (text, first), .. }) =
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
pub(crate) fn topology_meant(word: &str) -> Option<String> {
    let path = Path::new(word);
    if path.is_dir() && !DEFAULT_NAMES.iter().any(|name| path.join(name).is_file()) {
        return topologies_of_folder(word);
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
    let there = candidates.find(|file| Path::new(file).is_file());
    there.or_else(|| similar_topology(path)).map(|file| format!("did you mean `{file}`?"))
}

fn topologies_of_folder(folder: &str) -> Option<String> {
    let files = topologies_in(Path::new(folder));
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    (!names.is_empty()).then(|| format!("`{folder}` is a directory; topologies in it: {}", listed(&names)))
}

/// A topology of almost this name, whatever its end, in the same directory, or of exactly this name in one below or
/// above.
fn similar_topology(path: &Path) -> Option<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = topologies_in(if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
    let names: Vec<String> =
        files.iter().filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned())).collect();
    let written = path.file_name()?.to_string_lossy().into_owned();
    let stem = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let stems: Vec<String> = names.iter().map(|name| stem(name)).collect();
    let is_like = |name: &&String| suggest::closest(&written, [name.as_str()]).is_some();
    let similar = names.iter().find(is_like).or_else(|| {
        let closest = suggest::closest(&stem(&written), stems.iter().map(String::as_str))?;
        names.get(stems.iter().position(|stem| stem == closest)?)
    });
    let similar = similar.map(|name| folder.join(name).display().to_string());
    similar.or_else(|| ["yaml", "yml"].iter().find_map(|end| elsewhere(&path.with_added_extension(end))))
}

/// The file that was probably meant, or those of its kind in the directory.
fn instead(path: &Path, named_by: NamedBy) -> Option<String> {
    let is_env_file_meant = matches!(named_by, NamedBy::EnvFileOption | NamedBy::EnvFileVariable);
    if let Some(meant) = topology_meant(&path.to_string_lossy()).filter(|_| !is_env_file_meant) {
        return Some(meant);
    }
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Some(match in_other_folder(path, folder) {
            Some(file) => format!("there is no directory `{}`: did you mean `{file}`?", folder.display()),
            None => format!("there is no directory `{}`", folder.display()),
        });
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
    match names.is_empty() {
        false => Some(format!("{kind} there: {}", listed(&names))),
        true if is_env_file_meant => None,
        true => match around(&std::env::current_dir().unwrap_or_default()).as_slice() {
            [] => Some("create it, or name a file of another directory".to_owned()),
            files => Some(format!("name one of the files in other directories: {}", listed(files))),
        },
    }
}

/// The file in a directory of almost the same name as one that is not there, or here.
fn in_other_folder(path: &Path, folder: &Path) -> Option<String> {
    let name = path.file_name()?;
    let beside = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folders = folders_in(beside);
    let names: Vec<String> = folders
        .iter()
        .filter_map(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()))
        .collect();
    let closest = suggest::closest(&folder.file_name()?.to_string_lossy(), names.iter().map(String::as_str));
    let in_closest = closest.map(|closest| beside.join(closest).join(name));
    let candidates = in_closest.into_iter().chain([PathBuf::from(name)]);
    let file = candidates.into_iter().find(|file| file.is_file())?;
    Some(file.strip_prefix(".").unwrap_or(&file).display().to_string())
}

/// A file of that name one directory below, or above.
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
