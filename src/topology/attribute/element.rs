//! In: a text where a list was wanted. Out: its first element as it was meant.
//! Must not: guess at texts that begin like any other.

use crate::diagnostic::suggest::OTHER_DASHES;

/// What is written before an element in place of `- `, and what to say of it.
enum Mark<'text> {
    /// `-p 8080:80`, as `docker run` is told.
    Option(&'text str),
    /// `--`, `---`
    Several(&'text str),
    /// A dash that word processors and web pages write.
    Other(&'text str),
    /// `-name`
    Close,
}

const OPTIONS: [&str; 8] = ["-p", "--publish", "-v", "--volume", "-e", "--env", "--network", "--device"];

/// What to type for a text that begins with something like the `- ` of a list.
pub(super) fn of_text(text: &str) -> Option<String> {
    let mark = mark(text.trim())?;
    let rest = |mark: &str| text.trim()[mark.len()..].trim_start().to_owned();
    // Lines below are joined to the text.
    let first = |mark: &str| {
        let rest = rest(mark);
        rest.split_once(&format!(" {mark}")).map_or(rest.clone(), |(first, _)| first.to_owned())
    };
    Some(match mark {
        Mark::Option(option) => {
            format!("`{option}` is for `docker run`: write `- {}`", quoted(&first(option)))
        }
        Mark::Several(dashes) => {
            format!("an element has one `-` before it: write `- {}`", quoted(&first(dashes)))
        }
        Mark::Other(dash) => {
            format!("`{dash}` is not a hyphen: write `- {}`, with a plain hyphen", quoted(&first(dash)))
        }
        Mark::Close => {
            let word = text.split_whitespace().next().unwrap_or_default();
            format!("a `-` needs a space after it: `- {}`", word.trim_start_matches('-'))
        }
    })
}

fn mark(text: &str) -> Option<Mark<'_>> {
    let word = text.split_whitespace().next()?;
    if OPTIONS.contains(&word) && word.len() < text.len() {
        return Some(Mark::Option(word));
    }
    if let Some(dash) = text.chars().next().filter(|first| OTHER_DASHES.contains(first)) {
        return Some(Mark::Other(&text[..dash.len_utf8()]));
    }
    let dashes = &text[..text.len() - text.trim_start_matches('-').len()];
    match dashes.len() {
        0 => None,
        1 => Some(Mark::Close),
        _ => Some(Mark::Several(dashes)),
    }
}

/// An element as YAML reads it everywhere: `22:22` alone is a number to some readers.
fn quoted(element: &str) -> String {
    let is_quoted = element.starts_with(['"', '\'']);
    match !is_quoted && element.contains(|letter: char| letter.is_ascii_digit()) && element.contains(':') {
        true => format!("\"{element}\""),
        false => element.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_is_written_as_it_was_meant() {
        for (text, wanted) in [
            ("-p 8180:80 -p 8181:81", "`- \"8180:80\"`"),
            ("-e A=1", "`- A=1`"),
            ("-v ./data:/data", "`- ./data:/data`"),
            ("-- \"8180:80\" -- \"8181:81\"", "`- \"8180:80\"`"),
            ("– \"8180:80\"", "`- \"8180:80\"`"),
            ("—db —cache", "`- db`"),
            ("-db -cache", "`- db`"),
        ] {
            let help = of_text(text).unwrap();
            assert!(help.contains(wanted), "{help}");
        }
        assert_eq!(of_text("db"), None);
        assert_eq!(of_text(""), None);
    }
}
