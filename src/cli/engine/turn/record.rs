//! In: what a run does. Out: a text that tells it to the run that comes next, also when this one is killed.
//! Must not: be needed: what cannot be read or written is left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use crate::run::PendingStop;
use crate::topology::name::ContainerName;

/// The most that is read of a record, in bytes: nobody else writes there, but who knows.
const LONGEST: u64 = 1024 * 1024;

/// A run that has its turn, or had it when it was killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// The id of its process.
    pub(super) process: u32,
    /// What was typed: `topo up -d`.
    pub(super) command: String,
    /// Since when it has its turn, in seconds since 1970.
    pub(super) since: i64,
}

/// What a run has left behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The run, unless it came to its end.
    pub(super) holder: Option<Holder>,
    /// The stops that it asked the engine for and whose ends it has not seen.
    pub(super) stops: BTreeMap<ContainerName, PendingStop>,
}

/// One line of a record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Run(Holder),
    Stop(PendingStop),
    Stopped(ContainerName),
}

impl Record {
    /// Reads a record; what is not one says nothing.
    pub(super) fn read(mut file: &File) -> Self {
        let mut text = String::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(LONGEST).read_to_string(&mut text));
        if read.is_ok() { Self::parse(&text) } else { Self::default() }
    }

    fn parse(text: &str) -> Self {
        let mut record = Self::default();
        for line in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            match line {
                Line::Run(holder) => record.holder = Some(holder),
                Line::Stop(stop) => _ = record.stops.insert(stop.container.clone(), stop),
                Line::Stopped(container) => _ = record.stops.remove(&container),
            }
        }
        record
    }

    /// Puts a record in the place of the one before.
    pub(super) fn write(&self, file: &File) -> io::Result<()> {
        let Self { holder, stops } = self;
        let lines = holder.iter().cloned().map(Line::Run);
        let lines = lines.chain(stops.values().cloned().map(Line::Stop));
        let text: String = lines.map(|line| text_of(&line)).collect();
        file.set_len(0)?;
        file.write_all_at(text.as_bytes(), 0)
    }

    /// A stop is about to be asked for.
    pub(super) fn begin(&mut self, stop: PendingStop, file: Option<&File>) {
        append(&Line::Stop(stop.clone()), file);
        self.stops.insert(stop.container.clone(), stop);
    }

    /// A stop has come to its end.
    pub(super) fn end(&mut self, container: &ContainerName, file: Option<&File>) {
        if self.stops.remove(container).is_some() {
            append(&Line::Stopped(container.clone()), file);
        }
    }
}

/// A disk that is full keeps nobody from stopping containers.
fn append(line: &Line, file: Option<&File>) {
    let Some(mut file) = file else { return };
    let _ = file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(text_of(line).as_bytes()));
}

fn text_of(line: &Line) -> String {
    serde_json::to_string(line).map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(container: &str) -> PendingStop {
        PendingStop { container: container.into(), at: 1.5, grace: Some(10.0) }
    }

    #[test]
    fn what_a_killed_run_had_begun_is_known_to_the_next() {
        let file = tempfile::tempfile().unwrap();
        let holder = Holder { process: 7, command: "topo up -d".to_owned(), since: 12 };
        let mut record = Record { holder: Some(holder.clone()), stops: BTreeMap::new() };
        record.write(&file).unwrap();
        for container in ["shop-web-1", "shop-db-1"] {
            record.begin(stop(container), Some(&file));
        }
        record.end(&"shop-web-1".into(), Some(&file));
        let read = Record::read(&file);
        assert_eq!(read, record);
        assert_eq!(read.holder, Some(holder));
        assert_eq!(read.stops.keys().map(ContainerName::as_str).collect::<Vec<_>>(), ["shop-db-1"]);
        // One that ends in an orderly way leaves the stops that still go on.
        Record { holder: None, ..record }.write(&file).unwrap();
        assert_eq!(Record::read(&file).stops, read.stops);
        assert_eq!(Record::read(&file).holder, None);
    }

    #[test]
    fn what_is_not_a_record_says_nothing() {
        for text in ["", "nonsense", "{\"run\":{}}\n{\"stop\":3}\n", "{\"run\":{\"process\":7,\"comm"] {
            assert_eq!(Record::parse(text), Record::default(), "{text}");
        }
    }
}
