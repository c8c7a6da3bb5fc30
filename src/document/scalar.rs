//! The meaning of a scalar's text, by the rules of Compose's YAML reader.

/// A scalar as text; its meaning depends on the attribute, see [`Scalar::kind`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// The text, unquoted, unescaped and interpolated.
    pub text: String,
    /// Whether it was written without quotes and has no variable: only then is its type resolved
    /// from its text.
    pub is_plain: bool,
}

/// The type of a scalar, by the rules of Compose's reader (YAML 1.2 with `yes`, `no`, `on` and
/// `off` as strings; `0440` and `0o440` octal; `1_000`; `0x1F`; `0b11`; `1e3`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Any other number, including an integer beyond 64 bits.
    Float(f64),
    /// Everything else.
    Text,
}

impl Scalar {
    /// The type of the scalar. A quoted one, or one with a variable, is always [`Kind::Text`]; an
    /// attribute that accepts a number uses [`Kind::resolve`].
    pub fn kind(&self) -> Kind {
        if self.is_plain { Kind::resolve(&self.text) } else { Kind::Text }
    }

    /// Whether Compose's reader takes it for a timestamp, such as `2024-05-01`; its kind is
    /// [`Kind::Text`].
    pub fn is_date(&self) -> bool {
        self.is_plain && looks_like_date(&self.text)
    }
}

impl Kind {
    /// The type of `text` without quotes.
    pub fn resolve(text: &str) -> Kind {
        match text {
            "true" | "True" | "TRUE" => return Kind::Bool(true),
            "false" | "False" | "FALSE" => return Kind::Bool(false),
            ".nan" | ".NaN" | ".NAN" => return Kind::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Kind::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => return Kind::Float(f64::NEG_INFINITY),
            _ => {}
        }
        match text.bytes().next() {
            Some(b'0'..=b'9' | b'+' | b'-') => number(&text.replace('_', "")),
            Some(b'.') if underscores_stand_between_digits(text) => float(&text.replace('_', "")),
            _ => Kind::Text,
        }
    }
}

/// Whether it is a plain spelling of null.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// After a leading dot the reader accepts underscores only between digits.
fn underscores_stand_between_digits(text: &str) -> bool {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let underscores = text.match_indices('_').map(|(at, _)| at);
    underscores.into_iter().all(|at| at > 0 && is_digit(bytes.get(at - 1)) && is_digit(bytes.get(at + 1)))
}

fn number(text: &str) -> Kind {
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    integer(is_negative, digits).unwrap_or_else(|| float(text))
}

fn integer(is_negative: bool, digits: &str) -> Option<Kind> {
    let (radix, digits) = radix(digits);
    // The standard parser would accept a second sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    let signed =
        if is_negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
    match signed {
        Some(value) => Some(Kind::Int(value)),
        None if is_negative => None,
        None => Some(Kind::Float(magnitude as f64)),
    }
}

fn radix(digits: &str) -> (u32, &str) {
    match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    }
}

fn float(text: &str) -> Kind {
    // The standard parser would also accept `inf`, `nan` and `infinity`.
    let has_only_number_characters =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(value) if has_only_number_characters && value.is_finite() => Kind::Float(value),
        _ => Kind::Text,
    }
}

/// `YYYY-M-D`, alone or followed by a time.
fn looks_like_date(text: &str) -> bool {
    if text.as_bytes().get(4) != Some(&b'-') {
        return false;
    }
    let day = text.split(['T', 't', ' ', '\t']).next().unwrap_or_default();
    let rest = &text[day.len()..];
    let parts: Vec<&str> = day.split('-').collect();
    let is_number = |part: &str, widths: std::ops::RangeInclusive<usize>| {
        widths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let [year, month, day] = parts.as_slice() else { return false };
    let is_day = is_number(year, 4..=4) && is_number(month, 1..=2) && is_number(day, 1..=2);
    is_day && (rest.is_empty() || rest.trim_start_matches(['T', 't', ' ', '\t']).contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Kind, texts: &[&str]) {
        for text in texts {
            assert_eq!(Kind::resolve(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_in_compose() {
        check(Kind::Int(288), &["0440", "0o440", "288", "0x120", "0b100100000", "+288", "2_8_8", "288_"]);
        check(Kind::Int(-255), &["-255", "-0xff", "-0o377", "-0b11111111"]);
        check(Kind::Int(i64::MIN), &["-9223372036854775808"]);
        check(Kind::Float(8.0), &["08", "8.", "8.0", "+8.0", "80e-1", "0.8E1"]);
        check(Kind::Float(1000.0), &["1e3", "1_000.0"]);
        check(Kind::Float(0.5), &[".5", "+.5", "5e-1", ".5_0"]);
        check(Kind::Float(18_446_744_073_709_551_615.0), &["18446744073709551615"]);
        check(Kind::Float(f64::INFINITY), &[".inf", "+.INF"]);
    }

    #[test]
    fn what_only_resembles_a_number_is_text() {
        check(
            Kind::Text,
            &["22:22", "1.2.3", "0x", "0o", "0b2", "--1", "+-1", "-", "_1", "._5", ".5_", "1e400", "inf"],
        );
        check(Kind::Text, &["nan", "1e", "..", "0x1p4", "12a", "１", "", "-0x8000000000000001"]);
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        check(Kind::Bool(true), &["true", "True", "TRUE"]);
        check(Kind::Bool(false), &["false", "False", "FALSE"]);
        check(Kind::Text, &["yes", "no", "on", "off", "y", "n", "tRUE", "Yes"]);
    }

    #[test]
    fn dates_are_distinguished_from_other_text() {
        let is_date = |text: &str| Scalar { text: text.to_owned(), is_plain: true }.is_date();
        assert!(is_date("2024-05-01") && is_date("2024-5-1T10:00:00Z") && is_date("2024-05-01 10:00:00"));
        assert!(!is_date("2024-05") && !is_date("2024-05-01-beta") && !is_date("2024-05-01 noon"));
    }
}
