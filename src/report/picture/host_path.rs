//! In: a path of the host. Out: how it is written in a picture, which looks the same on each machine.

use std::path::Path;

/// The path as seen from the project's folder, if it is in it or beside it; else the whole path.
pub fn shown(path: &str, project: &Path) -> String {
    let below =
        |folder: &Path| Path::new(path).strip_prefix(folder).ok().map(|rest| rest.display().to_string());
    if let Some(rest) = below(project) {
        return if rest.is_empty() { ".".to_owned() } else { format!("./{rest}") };
    }
    // Everything is below the root, which is beside nothing.
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
    fn paths_of_the_project_do_not_tell_where_the_project_is() {
        let shown = |path| shown(path, std::path::Path::new("/home/ana/shop"));
        assert_eq!(shown("/home/ana/shop/site"), "./site");
        assert_eq!(shown("/home/ana/shop"), ".");
        assert_eq!(shown("/home/ana/common/certificates"), "../common/certificates");
        assert_eq!(shown("/home/ana"), "..");
        assert_eq!(shown("/home/ana/shop2"), "../shop2");
        assert_eq!(shown("/var/run/docker.sock"), "/var/run/docker.sock");
    }

    #[test]
    fn nothing_is_beside_a_project_below_the_root() {
        assert_eq!(shown("/etc/hosts", std::path::Path::new("/shop")), "/etc/hosts");
        assert_eq!(shown("/etc/hosts", std::path::Path::new("/")), "./etc/hosts");
    }
}
