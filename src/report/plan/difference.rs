//! In: the old and the new value. Out: both, shortened to where they begin to differ. Must not:
//! shorten a short value.

use serde_json::Value as Json;

use crate::plan::{HIDDEN, UNKNOWN};
use crate::report::look::Look;

/// How many characters of a value are shown.
const WIDTH: usize = 60;

/// How many of them precede the difference.
const IN_FRONT: usize = 24;

/// Both values for display; an absent old value is `nothing`, an absent new one `removed`.
pub(super) fn both(from: Option<&Json>, to: Option<&Json>, look: Look) -> [String; 2] {
    let [from, to] = [(from, "nothing"), (to, "removed")].map(|(value, absent)| letters(value, absent));
    let start = match from.len().max(to.len()) > WIDTH {
        true => start(&from, &to),
        false => 0,
    };
    [from, to].map(|letters| window(&letters, start, look.ellipsis()))
}

fn letters(value: Option<&Json>, absent: &str) -> Vec<char> {
    let text = value.map_or_else(|| absent.to_owned(), Json::to_string);
    // Placeholders, not values.
    let stand_ins = [HIDDEN, UNKNOWN].into_iter();
    stand_ins.fold(text, |text, word| text.replace(&format!("\"{word}\""), word)).chars().collect()
}

/// The start of the shown part: a little before the first difference, at a blank or a comma if
/// there is one.
fn start(from: &[char], to: &[char]) -> usize {
    let same = from.iter().zip(to).take_while(|(one, other)| one == other).count();
    let earliest = same.saturating_sub(IN_FRONT);
    if earliest <= 1 {
        return 0;
    }
    let between = from[earliest..same].iter().position(|letter| matches!(letter, ' ' | ','));
    between.map_or(earliest, |place| earliest + place)
}

/// The characters from `start` on. The first one, which distinguishes a text from a list, is kept.
fn window(letters: &[char], start: usize, ellipsis: &str) -> String {
    let (opening, start) = match (start, letters.first()) {
        (1.., Some(first)) => (format!("{first}{ellipsis}"), start),
        _ => (String::new(), 0),
    };
    let rest = letters.get(start..).unwrap_or_default();
    let shown: String = rest.iter().take(WIDTH).collect();
    let ending = if rest.len() > WIDTH { ellipsis } else { "" };
    format!("{opening}{shown}{ending}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(from: Json, to: Json) -> String {
        both(Some(&from), Some(&to), Look { colors: false, unicode: true }).join(" -> ")
    }

    #[test]
    fn values_that_differ_late_are_shortened_before_the_difference() {
        let options = |port: u16| {
            json!(format!("-Xmx512m -Xms256m -XX:+UseG1GC -Dspring.profiles.active=é http://dev:{port}"))
        };
        assert_eq!(shown(options(8080), options(9090)), r#""… http://dev:8080" -> "… http://dev:9090""#);
        let list = |last: &str| json!(["gunicorn", "--workers=4", "--timeout=120", "--access-log=-", last]);
        assert_eq!(
            shown(list("a:app"), list("b:app")),
            r#"[…,"--access-log=-","a:app"] -> […,"--access-log=-","b:app"]"#
        );
        let word = |end: &str| json!(format!("{}{end}", "ü".repeat(90)));
        let start = "ü".repeat(24);
        assert_eq!(shown(word(""), word("x")), format!(r#""…{start}" -> "…{start}x""#));
    }

    #[test]
    fn short_values_and_early_differences_are_not_shortened_at_the_start() {
        assert_eq!(shown(json!(["a", 1]), json!(["a", 2])), r#"["a",1] -> ["a",2]"#);
        let long = json!("x".repeat(70));
        let cut = format!("\"{}…", "x".repeat(59));
        assert_eq!(shown(long.clone(), json!("y")), format!(r#"{cut} -> "y""#));
        assert_eq!(
            both(None, Some(&long), Look { colors: false, unicode: true }),
            ["nothing".to_owned(), cut]
        );
    }
}
