//! The names that a topology declares, for advice and completion, whatever else is wrong in it.

use std::collections::BTreeSet;

use crate::cli::global::Global;
use crate::diagnostic::Diagnostics;
use crate::document::{self, Document, Key, Node};
use crate::source::{self, Environment};

/// The services of the topology that is meant, by name; none when it cannot be read. Says nothing.
pub fn services(global: &Global) -> Vec<String> {
    let document = document_of(global);
    services_of(document.as_ref()).map(|(key, _)| key.text.clone()).collect()
}

/// The profiles of the topology that is meant, sorted; none when it cannot be read. Says nothing.
pub fn profiles(global: &Global) -> BTreeSet<String> {
    let document = document_of(global);
    let profiles = services_of(document.as_ref()).filter_map(|(_, service)| {
        let profiles = service.as_map()?.get("profiles")?.as_list()?;
        Some(profiles.iter().filter_map(Node::as_text).map(str::to_owned).collect::<Vec<_>>())
    });
    profiles.flatten().collect()
}

fn services_of(document: Option<&Document>) -> impl Iterator<Item = &(Key, Node)> {
    let services = document.and_then(|document| document.root.as_map()?.get("services")?.as_map());
    services.into_iter().flat_map(|services| &services.entries)
}

fn document_of(global: &Global) -> Option<Document> {
    let found_files = source::discover(&global.files_meant(), Environment::of_process()).ok()?;
    let source::Found { mut sources, files, project_directory, environment, .. } = found_files;
    let mut found = Diagnostics::default();
    Some(document::load(&mut sources, &files, &project_directory, &environment, &mut found))
}
