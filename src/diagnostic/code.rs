//! Codes: a stable name, one sentence, and the page that `topo explain CODE` prints, which is
//! `page/NAME.md` next to the file that declares the code.
//!
//! This file has the codes that belong to no single rule: what readers and parsers report, and the
//! broader kinds of mistake that rules refine. `crate::lint::codes` lists all codes.

use std::fmt;

/// A stable name for one kind of diagnostic.
#[derive(Clone, Copy)]
pub struct Code(&'static Page);

/// The properties of a code.
#[derive(Debug)]
pub struct Page {
    /// The stable name, in kebab case.
    pub name: &'static str,
    /// The broader code for this kind of mistake, if this is the code of a rule.
    pub kind: Option<Code>,
    /// Its meaning in one sentence.
    pub sentence: &'static str,
    /// What, why, example and fix: Markdown for `topo explain`.
    pub text: &'static str,
}

impl Code {
    /// The stable name, in kebab case.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The code of a page.
    pub const fn new(page: &'static Page) -> Self {
        Self(page)
    }

    /// The kind of mistake: the broader code, or the code itself.
    pub fn kind(self) -> Code {
        self.0.kind.unwrap_or(self)
    }

    /// The properties of the code.
    pub fn page(self) -> &'static Page {
        self.0
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

macro_rules! codes {
    ($($constant:ident $name:literal $sentence:literal)*) => {
        $(
            #[doc = $sentence]
            pub const $constant: Code = Code(&Page {
                name: $name,
                kind: None,
                sentence: $sentence,
                text: include_str!(concat!("page/", $name, ".md")),
            });
        )*

        /// The codes of this file, in its order.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    // Reading.
    MISSING_FILE "missing-file" "A file that the topology names cannot be read."
    BAD_ENCODING "bad-encoding" "A file is not UTF-8 text."
    YAML_SYNTAX "yaml-syntax" "The text is not valid YAML."
    DUPLICATE_KEY "duplicate-key" "A key occurs twice in one mapping."
    TOO_LARGE "too-large" "The file expands to more nodes, or nests deeper, than topo accepts."
    UNKNOWN_ALIAS "unknown-alias" "An alias refers to an anchor that does not exist."
    BAD_MERGE_KEY "bad-merge-key" "A merge key `<<` does not hold a mapping."
    // Variables.
    BAD_INTERPOLATION "bad-interpolation" "A `$` expression cannot be read."
    REQUIRED_VARIABLE "required-variable" "A required variable is not set."
    UNSET_VARIABLE "unset-variable" "A variable is not set and has no default."
    BAD_ENV_FILE "bad-env-file" "A line of an env file cannot be read."
    // Several files.
    BAD_OVERRIDE "bad-override" "An override cannot be merged into what it overrides."
    BAD_EXTENDS "bad-extends" "A service cannot extend what it names."
    BAD_INCLUDE "bad-include" "An included file cannot be used."
    // Shapes.
    UNKNOWN_ATTRIBUTE "unknown-attribute" "No attribute has this name here."
    WRONG_TYPE "wrong-type" "The value is not of the type that the attribute takes."
    MISSING_ATTRIBUTE "missing-attribute" "A required attribute is missing."
    NOT_SUPPORTED "not-supported" "Compose has this attribute, but topo cannot apply it here."
    BAD_VALUE "bad-value" "The value does not fit the attribute."
    BAD_NAME "bad-name" "The name contains characters that are not allowed."
    BAD_PORT "bad-port" "A port mapping cannot be read."
    BAD_DURATION "bad-duration" "A duration cannot be read."
    BAD_MOUNT "bad-mount" "A mount cannot be read."
    BAD_IMAGE "bad-image" "An image reference cannot be read."
    OBSOLETE "obsolete" "The attribute no longer has any effect."
    NO_EFFECT "no-effect" "The attribute only has an effect in a cluster, not on a single engine."
    // Whole topology.
    EMPTY_TOPOLOGY "empty-topology" "The topology has no services."
    NO_IMAGE_OR_BUILD "no-image-or-build" "A service has neither an image nor a build."
    UNKNOWN_SERVICE "unknown-service" "A service that is referred to does not exist."
    UNKNOWN_NETWORK "unknown-network" "A network that is referred to does not exist."
    UNKNOWN_VOLUME "unknown-volume" "A volume that is referred to does not exist."
    UNKNOWN_SECRET "unknown-secret" "A secret that is referred to does not exist."
    UNKNOWN_CONFIG "unknown-config" "A config that is referred to does not exist."
    UNKNOWN_PROFILE "unknown-profile" "An active profile belongs to no service."
    UNKNOWN_MODEL "unknown-model" "A model that is referred to does not exist."
    CYCLE "cycle" "Services depend on each other in a cycle."
    CONFLICT "conflict" "Two attributes are mutually exclusive."
    // Rules.
    PORT_CLASH "port-clash" "A port of the host is published twice."
    SHELL_SYNTAX "shell-syntax" "A command line uses shell syntax, but no shell reads it."
    YAML_PITFALL "yaml-pitfall" "YAML reads a value differently from how it looks."
    NAME_CLASH "name-clash" "Two containers would have the same name."
    NO_HEALTHCHECK "no-healthcheck" "Another service waits for this one to be healthy, but it has no health check."
    NEVER_READY "never-ready" "Other services wait for this one to complete, but it restarts whenever it does."
    BAD_ADDRESS "bad-address" "An address or a subnet cannot be used."
    BAD_NAMESPACE "bad-namespace" "A namespace is shared in a way that the engine does not support."
    DUPLICATE_TARGET "duplicate-target" "Two mounts have the same path in the container."
    MISSING_SOURCE "missing-source" "A mount's source or a build's files do not exist on this machine."
    OUT_OF_RANGE "out-of-range" "A number is smaller or larger than the attribute allows."
    // What the engine has.
    ORPHANS "orphans" "The engine has containers of services that the topology does not have."
    MISSING_IMAGE "missing-image" "An image is missing, and can be neither built nor pulled."
    OTHER_PLATFORM "other-platform" "An image is for another platform than the one that it is to run on."
    PORT_TAKEN "port-taken" "A host port that is to be published is in use."
    SUBNET_TAKEN "subnet-taken" "The addresses of a network are in use."
    DISK_FULL "disk-full" "The disk that the engine writes to is nearly full."
    NAME_TAKEN "name-taken" "The name of a service's container is already taken."
    ADDRESS_TAKEN "address-taken" "A container of another project has the fixed address of a service."
    NEWER_ENGINE "newer-engine" "An attribute needs a newer engine."
    MISSING_EXTERNAL "missing-external" "A network or volume that is declared external does not exist."
    CUT_OFF "cut-off" "A container keeps running without a namespace that it shared with another one."
    FOREIGN_OBJECT "foreign-object" "A network or volume of that name was not created by this project."
    OTHER_SOURCE "other-source" "A container of the project was created from other files, and is recreated."
    CHANGED_OBJECT "changed-object" "A network or volume was created with settings that differ from the topology's."
    VOLUME_LEFT "volume-left" "A volume of the project is no longer declared, and a new one starts empty."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_fits_into_a_terminal() {
        for code in ALL {
            let Page { name, kind: _, sentence, text } = code.page();
            assert!(sentence.ends_with('.') && !text.is_empty(), "{name}");
            assert!(text.lines().all(|line| line.chars().count() <= 105), "{name}");
        }
    }

    #[test]
    fn names_are_unique_and_kebab_case() {
        for code in ALL {
            assert!(code.name().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
        }
        let names: std::collections::HashSet<&str> = ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn every_page_belongs_to_a_code() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnostic/page");
        for page in std::fs::read_dir(directory).expect("the directory of pages").flatten() {
            let name = page.path().file_stem().expect("a name").to_string_lossy().into_owned();
            assert!(ALL.iter().any(|code| code.name() == name), "{name}");
        }
    }
}
