//! In: BuildKit messages in the protobuf wire format. Out: their fields, and the reverse. Must not:
//! know what a field means.

/// The fields of a message, up to the first that cannot be read.
pub(super) struct Fields<'a>(pub &'a [u8]);

/// The value of a field.
pub(super) enum Value<'a> {
    /// A number or a boolean.
    Number(u64),
    /// A string, bytes or an embedded message.
    Bytes(&'a [u8]),
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let key = self.number()?;
        // The lowest three bits are the wire type.
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => Value::Bytes(self.take(8)?),
            2 => {
                let length = self.number()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

impl<'a> Fields<'a> {
    /// A varint: groups of seven bits, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }
}

/// A message that is being written. Protobuf's default values are omitted.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds a number.
    pub(super) fn number(&mut self, field: u8, number: u64) -> &mut Self {
        if number != 0 {
            self.0.push(field << 3);
            self.varint(number);
        }
        self
    }

    /// Adds a string, bytes or an embedded message.
    pub(super) fn bytes(&mut self, field: u8, bytes: &[u8]) -> &mut Self {
        if !bytes.is_empty() {
            self.0.push(field << 3 | 2);
            self.varint(bytes.len() as u64);
            self.0.extend_from_slice(bytes);
        }
        self
    }

    /// The message so far.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_messages_are_read_back() {
        let mut message = Message::default();
        message.number(1, 300).number(2, 0).bytes(3, b"text").bytes(4, b"").number(5, u64::MAX);
        let read: Vec<(u64, String)> = Fields(message.as_bytes())
            .map(|(field, value)| match value {
                Value::Number(number) => (field, number.to_string()),
                Value::Bytes(bytes) => (field, String::from_utf8_lossy(bytes).into_owned()),
            })
            .collect();
        let wanted = [(1, "300".to_owned()), (3, "text".to_owned()), (5, u64::MAX.to_string())];
        assert_eq!(read, wanted);
    }
}
