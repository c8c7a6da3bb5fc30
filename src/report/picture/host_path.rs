//! In: a path on the host. Out: its form in a picture, the same on every machine.

use std::path::Path;

/// The path relative to the project directory, if it is in it or next to it; else the whole path.
pub(super) fn shown(path: &str, project: &Path) -> String {
    let below = |directory: &Path| {
        Path::new(path).strip_prefix(directory).ok().map(|rest| rest.display().to_string())
    };
    if let Some(rest) = below(project) {
        return if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
    }
    // Everything is below the root, so it does not count as a parent.
    let parent = project.parent().filter(|parent| parent.parent().is_some());
    match parent.and_then(below) {
        Some(rest) if rest.is_empty() => "..".to_owned(),
        Some(rest) => format!("../{rest}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn paths_in_the_project_do_not_reveal_its_location() {
        let shown = |path| shown(path, std::path::Path::new("/home/ana/shop"));
        assert_eq!(shown("/home/ana/shop/site"), "./site");
        assert_eq!(shown("/home/ana/shop"), ".");
        assert_eq!(shown("/home/ana/common/certificates"), "../common/certificates");
        assert_eq!(shown("/home/ana"), "..");
        assert_eq!(shown("/home/ana/shop2"), "../shop2");
        assert_eq!(shown("/var/run/docker.sock"), "/var/run/docker.sock");
    }

    #[test]
    fn paths_next_to_a_project_directly_below_the_root_are_absolute() {
        assert_eq!(shown("/etc/hosts", std::path::Path::new("/shop")), "/etc/hosts");
        assert_eq!(shown("/etc/hosts", std::path::Path::new("/")), "./etc/hosts");
    }
}
