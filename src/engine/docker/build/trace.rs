//! In: BuildKit's trace, as sent by the engine. Out: its status updates. Must not: fail on a field
//! that a newer builder adds.
//!
//! A trace is a protobuf message, `moby.buildkit.v1.StatusResponse`, in base64. Only a dozen of its
//! fields matter, so they are read without a schema.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::protobuf::{Fields, Value};
use super::steps::{Log, Status, Transfer, Vertex};

/// Decodes a trace; an invalid one is an empty update.
pub(super) fn decode(text: &str) -> Status {
    let bytes = STANDARD.decode(text).unwrap_or_default();
    let mut status = Status::default();
    for (number, value) in Fields(&bytes) {
        match (number, value) {
            (1, Value::Bytes(bytes)) => status.vertexes.push(vertex(bytes)),
            (2, Value::Bytes(bytes)) => status.transfers.push(transfer(bytes)),
            (3, Value::Bytes(bytes)) => status.logs.push(log(bytes)),
            _ => {}
        }
    }
    status
}

fn vertex(bytes: &[u8]) -> Vertex {
    let mut vertex = Vertex::default();
    for (number, value) in Fields(bytes) {
        match (number, value) {
            (1, Value::Bytes(digest)) => vertex.digest = text(digest),
            (3, Value::Bytes(name)) => vertex.name = text(name),
            (4, Value::Number(cached)) => vertex.is_cached = cached != 0,
            (5, Value::Bytes(time)) => vertex.started = Some(nanoseconds(time)),
            (6, Value::Bytes(time)) => vertex.completed = Some(nanoseconds(time)),
            (7, Value::Bytes(error)) => vertex.error = text(error),
            _ => {}
        }
    }
    vertex
}

fn transfer(bytes: &[u8]) -> Transfer {
    let mut transfer = Transfer::default();
    for (number, value) in Fields(bytes) {
        match (number, value) {
            (1, Value::Bytes(id)) => transfer.id = text(id),
            (2, Value::Bytes(vertex)) => transfer.vertex = text(vertex),
            (4, Value::Number(current)) => transfer.current = current,
            (5, Value::Number(total)) => transfer.total = total,
            (8, Value::Bytes(_)) => transfer.is_complete = true,
            _ => {}
        }
    }
    transfer
}

fn log(bytes: &[u8]) -> Log {
    let mut log = Log::default();
    for (number, value) in Fields(bytes) {
        match (number, value) {
            (1, Value::Bytes(vertex)) => log.vertex = text(vertex),
            (4, Value::Bytes(message)) => log.message = message.to_vec(),
            _ => {}
        }
    }
    log
}

/// `google.protobuf.Timestamp`, as nanoseconds since 1970.
fn nanoseconds(bytes: &[u8]) -> i128 {
    let mut time = 0;
    for (number, value) in Fields(bytes) {
        match (number, value) {
            (1, Value::Number(seconds)) => time += i128::from(seconds) * 1_000_000_000,
            (2, Value::Number(nanoseconds)) => time += i128::from(nanoseconds),
            _ => {}
        }
    }
    time
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        field.extend(bytes);
        field
    }

    #[test]
    fn a_step_with_its_times_is_read() {
        let started = [&[1 << 3, 0x80, 0x01][..], &[2 << 3, 5]].concat();
        let unknown = [field(15, b"new"), vec![14 << 3, 1], vec![13 << 3 | 5, 0, 0, 0, 0]].concat();
        let vertex =
            [field(1, b"sha256:a"), unknown, field(3, b"RUN true"), vec![4 << 3, 1], field(5, &started)];
        let status = decode(&STANDARD.encode(field(1, &vertex.concat())));
        let vertex = &status.vertexes[0];
        assert_eq!(
            (vertex.digest.as_str(), vertex.name.as_str(), vertex.is_cached),
            ("sha256:a", "RUN true", true)
        );
        assert_eq!((vertex.started, vertex.completed), (Some(128_000_000_005), None));
    }

    #[test]
    fn a_line_of_output_is_read() {
        let log = [field(1, b"sha256:a"), field(4, b"hello\n")].concat();
        let status = decode(&STANDARD.encode(field(3, &log)));
        assert_eq!(
            (status.logs[0].vertex.as_str(), status.logs[0].message.as_slice()),
            ("sha256:a", &b"hello\n"[..])
        );
    }

    #[test]
    fn an_invalid_trace_is_an_empty_update() {
        for bytes in [&[0xff; 20][..], &[1 << 3 | 2, 0xff, 0xff, 0xff, 0xff, 0x0f], &[7], &[]] {
            assert!(decode(&STANDARD.encode(bytes)).vertexes.is_empty());
        }
        assert!(decode("%%%").logs.is_empty());
    }
}
