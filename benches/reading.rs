//! How long a topology takes to be parsed, loaded and validated, by its number of services:
//! `cargo bench --bench reading`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use divan::{Bencher, counter::BytesCount};

use topo::diagnostic::{Diagnostics, json};
use topo::lint;
use topo::source::{self, Discovered, Environment, FileChoice, FileSystem, Sources};
use topo::topology::{self, ResolveChoices, Topology};

const SERVICES: [usize; 3] = [1, 1_000, 10_000];

fn main() {
    divan::main();
}

/// A text becomes one tree.
#[divan::bench(args = SERVICES, max_time = 3)]
fn parse(bencher: Bencher<'_, '_>, services: usize) {
    let text = topology_of(services);
    bencher.counter(BytesCount::of_str(&text)).with_inputs(|| text.clone()).bench_values(|text| {
        let mut sources = Sources::default();
        let file = sources.add("topology.yaml", text);
        let environment = Environment::default();
        topo::topology::load(&mut sources, &[file], Path::new("/"), &environment, &mut Diagnostics::default())
    });
}

/// A file becomes a topology.
#[divan::bench(args = SERVICES, max_time = 3)]
fn load(bencher: Bencher<'_, '_>, services: usize) {
    let place = Place::with(services);
    bencher.bench(|| place.load());
}

/// A file is checked by every rule, and what is found is written.
#[divan::bench(args = SERVICES, max_time = 3)]
fn validate(bencher: Bencher<'_, '_>, services: usize) {
    let place = Place::with(services);
    bencher.bench(|| {
        let (sources, topology, mut found) = place.load();
        lint::check(topology.as_ref().expect("a topology"), &mut found);
        assert!(!found.has_errors());
        json::json(&sources, &found.sorted())
    });
}

/// A folder with one topology, gone in the end.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(services: usize) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("compose.yaml"), topology_of(services)).expect("a file");
        std::fs::create_dir(folder.path().join("conf")).expect("a folder");
        Self { folder }
    }

    fn load(&self) -> (Sources, Option<Topology>, Diagnostics) {
        let choice = FileChoice {
            files: vec![PathBuf::from("compose.yaml")],
            file_system: FileSystem::new(self.folder.path()),
            ..FileChoice::default()
        };
        let found_files = source::discover(&choice, Environment::default()).expect("a file");
        let Discovered { mut sources, files, project_directory, environment, .. } = found_files;
        let mut found = Diagnostics::default();
        let document =
            topo::topology::load(&mut sources, &files, &project_directory, &environment, &mut found);
        let choices = ResolveChoices {
            default_name: "bench".to_owned(),
            directory: project_directory,
            ..ResolveChoices::default()
        };
        let topology = topology::resolve(&document, &environment, &choices, &mut sources, &mut found);
        (sources, topology, found)
    }
}

/// A topology with a bit of everything in each service.
fn topology_of(services: usize) -> String {
    let mut text = String::from("services:\n");
    for number in 0..services {
        let port = 10_000 + number;
        let before = number.saturating_sub(1);
        let _ = write!(
            text,
            "  s{number}:
    image: registry.example.com/team/app{number}:1.0
    command: [serve, --port, '{port}']
    environment:
      LOG_LEVEL: ${{LOG_LEVEL:-info}}
      URL: http://s{before}:8080/
    ports: ['{port}:8080']
    volumes: ['data:/data', './conf:/etc/app:ro']
    networks: [front, back]
    healthcheck: {{test: [CMD, 'true'], interval: 10s}}
    restart: unless-stopped
    labels: {{tier: web}}
"
        );
        if number > 0 {
            let _ = writeln!(text, "    depends_on: {{s{before}: {{condition: service_healthy}}}}");
        }
    }
    text + "networks: {front: , back: }\nvolumes: {data: }\n"
}
