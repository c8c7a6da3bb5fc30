//! In: the bytes of a file. Out: its text, and how to get back to the bytes.
//! Must not: guess. A text is UTF-8, or UTF-16 with a byte-order mark, as YAML 1.2 (5.2, "character encodings")
//! has it.

/// How the bytes of a file are made of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf8WithMark,
    Utf16Little,
    Utf16Big,
}

impl Encoding {
    /// The bytes of a text.
    pub(super) fn bytes(self, text: &str) -> Vec<u8> {
        let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
        match self {
            Self::Utf8 => text.as_bytes().to_vec(),
            Self::Utf8WithMark => format!("\u{feff}{text}").into_bytes(),
            Self::Utf16Little => units().flat_map(u16::to_le_bytes).collect(),
            Self::Utf16Big => units().flat_map(u16::to_be_bytes).collect(),
        }
    }
}

/// The text of UTF-16 that a byte order mark begins; nothing when there is none, or when it is no text.
pub(super) fn text_of_utf16(bytes: &[u8]) -> Option<(String, Encoding)> {
    let (mark, units) = bytes.split_first_chunk::<2>()?;
    let (unit, encoding): (fn([u8; 2]) -> u16, _) = match mark {
        [0xff, 0xfe] => (u16::from_le_bytes, Encoding::Utf16Little),
        [0xfe, 0xff] => (u16::from_be_bytes, Encoding::Utf16Big),
        _ => return None,
    };
    let (units, rest) = units.as_chunks::<2>();
    let text = char::decode_utf16(units.iter().copied().map(unit)).collect::<Result<String, _>>();
    Some((text.ok().filter(|_| rest.is_empty())?, encoding))
}

/// A text without the byte order mark that may begin it.
pub fn without_mark(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    text
}

/// What a text that is not UTF-8 looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// UTF-16 that is cut off, or holds half a character.
    Utf16,
    /// One byte a character: Latin-1, Windows-1252 and the like.
    OneByte,
    /// No text at all.
    Binary,
}

impl Damage {
    pub(super) fn detect(bytes: &[u8]) -> Self {
        let has_mark = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        if has_mark {
            return Self::Utf16;
        }
        let is_control = |byte: &u8| matches!(byte, 0..=8 | 0x0e..=0x1f);
        if bytes.iter().take(1_000).any(is_control) { Self::Binary } else { Self::OneByte }
    }

    /// The rest of a sentence about a text that is not UTF-8 at this place.
    pub(super) fn shown(self, line: usize, column: usize) -> String {
        match self {
            Self::Utf16 => ", and begins as UTF-16 that is damaged".to_owned(),
            Self::OneByte => format!(" at line {line}, column {column}: perhaps it is Latin-1"),
            Self::Binary => " but binary data".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Sources;

    #[test]
    fn places_count_characters_and_bytes_come_back_in_every_encoding() {
        let text = "a: é\n😀: b\r\n";
        let directory = tempfile::tempdir().expect("a directory");
        for encoding in [Encoding::Utf8, Encoding::Utf8WithMark, Encoding::Utf16Little, Encoding::Utf16Big] {
            let path = directory.path().join("wide.yaml");
            std::fs::write(&path, encoding.bytes(text)).expect("a file");
            let mut sources = Sources::default();
            let file = sources.read(Path::new(&path)).expect("a text");
            assert_eq!(sources.get(file).text, text);
            let at = text.find('b').expect("a value");
            assert_eq!(sources.position_at(file, at), (2, 4));
            assert_eq!(sources.get(file).encoded(text), std::fs::read(&path).expect("a file"));
        }
        let little = Encoding::Utf16Little.bytes(text);
        assert_eq!(text_of_utf16(&little[..little.len() - 1]), None);
        assert_eq!(text_of_utf16(&[0xff, 0xfe, 0x3d, 0xd8]), None);
        assert_eq!(text_of_utf16(b"a: b"), None);
    }
}
