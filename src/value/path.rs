//! Paths on the host and in containers, of Linux and of Windows.

/// Whether this is a Windows drive letter.
pub fn is_drive_letter(text: &str) -> bool {
    matches!(text.as_bytes(), [letter] if letter.is_ascii_alphabetic())
}

/// The drive letter of a Windows path and what follows its colon: `C` and `\data`.
pub fn drive(path: &str) -> Option<(&str, &str)> {
    let (letter, rest) = path.split_once(':')?;
    (is_drive_letter(letter) && rest.starts_with(['\\', '/'])).then_some((letter, rest))
}

/// Whether a path begins with a Windows drive, or with a network share.
pub fn is_absolute_on_windows(path: &str) -> bool {
    path.starts_with(r"\\") || drive(path).is_some()
}

/// Whether the source of a mount is a path rather than the name of a volume.
pub fn is_path(source: &str) -> bool {
    source.starts_with(['.', '/', '~', '\\']) || source.get(1..2) == Some(":")
}

/// `SOURCE:TARGET[:OPTIONS]` without blanks around any part.
pub fn trimmed_parts(text: &str) -> String {
    text.split(':').map(str::trim).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_are_distinguished_from_names() {
        assert_eq!(drive(r"C:\data"), Some(("C", r"\data")));
        assert_eq!(drive("c:/data"), Some(("c", "/data")));
        for path in ["/data", "data:/x", "c:data", ":/x", "é:/x"] {
            assert_eq!(drive(path), None, "{path}");
        }
    }

    #[test]
    fn paths_are_distinguished_from_volumes() {
        for path in [".", "./a", "/a", "~/a", r"\\server\share", r"C:\a", "c:/a"] {
            assert!(is_path(path), "{path}");
        }
        for volume in ["data", "my.data", "a", ""] {
            assert!(!is_path(volume), "{volume}");
        }
        assert!(is_absolute_on_windows(r"\\server\share") && is_absolute_on_windows("c:/a"));
        assert!(!is_absolute_on_windows("/a") && !is_absolute_on_windows(r".\a"));
    }
}
