//! Which attributes a rule is for: dotted paths in which `*` stands for any one key.

/// True when `path` is one that `pattern`, such as `services.*.ports`, stands for.
pub(crate) fn matches<K: AsRef<str>>(pattern: &str, path: &[K]) -> bool {
    // Every value is compared with all patterns: those that end otherwise are not taken apart.
    let ends_alike = |key: &str| pattern.ends_with('*') || pattern.ends_with(key);
    if !path.last().is_some_and(|key| ends_alike(key.as_ref())) {
        return false;
    }
    let mut keys = path.iter();
    let all_fit =
        pattern.split('.').all(|part| keys.next().is_some_and(|key| part == "*" || part == key.as_ref()));
    all_fit && keys.next().is_none()
}

/// The path for a sentence.
pub(super) fn show(path: &[String]) -> String {
    path.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_exactly_one_key() {
        let path = |text: &str| text.split('/').map(str::to_owned).collect::<Vec<_>>();
        assert!(matches("services.*.build.args", &path("services/a.b/build/args")));
        assert!(!matches("services.*.build", &path("services/a/build/args")));
        assert!(!matches("services.*.build.args", &path("services/a/build")));
    }
}
