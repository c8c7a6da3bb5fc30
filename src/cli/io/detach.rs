//! The keys that leave a program in a container alone: `ctrl-p,ctrl-q`.

/// What the Docker CLI takes when nobody says otherwise.
pub(crate) const DEFAULT: &str = "ctrl-p,ctrl-q";

/// A sequence of keys, and how much of it was typed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetachKeys {
    keys: Vec<u8>,
    typed: usize,
}

/// What became of typed bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// What the program gets.
    pub(crate) bytes: Vec<u8>,
    /// Whether the sequence is complete.
    pub(crate) is_detached: bool,
}

impl DetachKeys {
    /// Reads `a`, `ctrl-x` or several, separated by commas; nothing when the text is empty, which
    /// switches detaching off.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let keys: Option<Vec<u8>> = text.split(',').map(key).collect();
        match keys {
            Some(keys) => Ok(Some(Self { keys, typed: 0 })),
            None => {
                Err("write letters, or `ctrl-` and a letter or one of `@[\\]^_`, separated by commas".into())
            }
        }
    }

    /// Takes typed bytes. What may be the beginning of the sequence is held back.
    pub(crate) fn take(&mut self, typed: &[u8]) -> Typed {
        let mut bytes = Vec::with_capacity(typed.len() + self.typed);
        for byte in typed {
            self.give_up_until_it_fits(*byte, &mut bytes);
            if self.keys[self.typed] == *byte {
                self.typed += 1;
            } else {
                bytes.push(*byte);
            }
            if self.typed == self.keys.len() {
                self.typed = 0;
                return Typed { bytes, is_detached: true };
            }
        }
        Typed { bytes, is_detached: false }
    }

    /// What is held back goes to the program, but for an end of it that the byte may go on.
    fn give_up_until_it_fits(&mut self, byte: u8, bytes: &mut Vec<u8>) {
        while self.typed > 0 && self.keys[self.typed] != byte {
            let held = &self.keys[..self.typed];
            let shorter = (1..=held.len()).find(|start| self.keys.starts_with(&held[*start..]));
            let given_up = shorter.unwrap_or(held.len());
            bytes.extend_from_slice(&held[..given_up]);
            self.typed -= given_up;
        }
    }
}

fn key(text: &str) -> Option<u8> {
    if let [letter] = text.as_bytes() {
        return letter.is_ascii().then_some(*letter);
    }
    match text.strip_prefix("ctrl-")?.as_bytes() {
        [letter @ b'a'..=b'z'] => Some(letter - b'a' + 1),
        [b'@'] => Some(0),
        [sign @ b'['..=b'_'] => Some(sign - b'[' + 27),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> DetachKeys {
        DetachKeys::parse(text).unwrap().unwrap()
    }

    #[test]
    fn keys_are_letters_and_controls() {
        assert_eq!(keys(DEFAULT).keys, [16, 17]);
        assert_eq!(keys("a,ctrl-@,ctrl-[,ctrl-_").keys, [b'a', 0, 27, 31]);
        assert_eq!(DetachKeys::parse(""), Ok(None));
        for text in ["ctrl-", "ctrl-A", "ab", "ctrl-p,", "ä"] {
            assert!(DetachKeys::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_sequence_detaches_wherever_the_bytes_are_cut() {
        for cut in 0..=4 {
            let mut keys = keys("ctrl-p,ctrl-q");
            let (first, second) = b"ab\x10\x11"[..].split_at(cut);
            let (first, second) = (keys.take(first), keys.take(second));
            assert_eq!([first.bytes, second.bytes].concat(), b"ab");
            assert!(first.is_detached || second.is_detached);
        }
    }

    #[test]
    fn a_sequence_that_is_not_completed_reaches_the_program() {
        let mut keys = keys("ctrl-p,ctrl-q");
        assert_eq!(keys.take(b"\x10"), Typed { bytes: vec![], is_detached: false });
        assert_eq!(keys.take(b"x"), Typed { bytes: b"\x10x".to_vec(), is_detached: false });
        assert_eq!(keys.take(b"\x10\x10"), Typed { bytes: b"\x10".to_vec(), is_detached: false });
        assert_eq!(keys.take(b"\x11"), Typed { bytes: vec![], is_detached: true });
    }

    #[test]
    fn a_repeating_beginning_is_not_overlooked() {
        let mut keys = keys("a,a,b");
        assert_eq!(keys.take(b"aaab"), Typed { bytes: b"a".to_vec(), is_detached: true });
        assert_eq!(keys.take(b"aacaab"), Typed { bytes: b"aac".to_vec(), is_detached: true });
    }
}
