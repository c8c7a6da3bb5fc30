//! Paths of the host and of containers, of Linux and of Windows.

/// Whether this is the letter of a Windows drive.
pub fn is_drive_letter(text: &str) -> bool {
    matches!(text.as_bytes(), [letter] if letter.is_ascii_alphabetic())
}

/// The letter of the Windows drive that a path begins at, and what follows its colon: `C` and `\data`.
pub fn drive(path: &str) -> Option<(&str, &str)> {
    let (letter, rest) = path.split_once(':')?;
    (is_drive_letter(letter) && rest.starts_with(['\\', '/'])).then_some((letter, rest))
}

/// Whether a path begins at a drive of Windows, or at a share of its network.
pub fn is_absolute_on_windows(path: &str) -> bool {
    path.starts_with(r"\\") || drive(path).is_some()
}

/// Whether the source of a mount is a path, and not the name of a volume.
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
    fn drives_are_told_from_names() {
        assert_eq!(drive(r"C:\data"), Some(("C", r"\data")));
        assert_eq!(drive("c:/data"), Some(("c", "/data")));
        for path in ["/data", "data:/x", "c:data", ":/x", "é:/x"] {
            assert_eq!(drive(path), None, "{path}");
        }
    }

    #[test]
    fn paths_are_told_from_volumes() {
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
