//! Every text that is looked for in the words of an engine, with the release that it was seen on.
//! Must not: say what follows from it; whoever looks for it does.
//!
//! An engine tells many things apart in words alone, and its next release may use others: what is to be looked over
//! then stands here. `tests/suite/errors.rs` sees to it that nobody looks for words of their own.

/// Words of an engine, or of a program that it, or topo, runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words.
    pub words: &'static str,
    /// Who said them, in which release.
    pub seen_on: &'static str,
}

impl Phrase {
    /// Whether a message holds the words.
    pub fn is_in(self, message: &str) -> bool {
        message.contains(self.words)
    }

    /// What a message says before the words, and after them.
    pub fn around(self, message: &str) -> Option<(&str, &str)> {
        message.split_once(self.words)
    }

    /// What a message that begins with the words goes on with.
    pub fn rest_of(self, message: &str) -> Option<&str> {
        message.strip_prefix(self.words)
    }

    /// What a message that ends with the words begins with.
    pub fn start_of(self, message: &str) -> Option<&str> {
        message.strip_suffix(self.words)
    }
}

/// Whether a message holds one of them.
pub fn any(phrases: &[Phrase], message: &str) -> bool {
    phrases.iter().any(|phrase| phrase.is_in(message))
}

/// The ids of the containers that use a volume, and the text before them: `remove NAME: volume is in use - [ID, ID]`.
pub fn users_of_volume(message: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let (before, ids) = message.strip_suffix(']')?.split_once(" - [")?;
    VOLUME_IN_USE.start_of(before)?;
    Some((before, ids.split(',').map(str::trim)))
}

macro_rules! phrases {
    ($($seen_on:literal: { $($(#[doc = $doc:literal])* $name:ident = $words:literal;)* })*) => {
        $($($(#[doc = $doc])* pub const $name: Phrase = Phrase { words: $words, seen_on: $seen_on };)*)*
        /// All of them.
        #[cfg(test)]
        const ALL: &[Phrase] = &[$($($name,)*)*];
    };
}

phrases! {
    "Docker Engine 28.5": {
        /// A network of the name is there.
        ALREADY_EXISTS = "already exists";
        /// A container is not in a network that it is to leave.
        NOT_CONNECTED = "is not connected to";
        /// A container is being removed by somebody else.
        ALREADY_IN_PROGRESS = "already in progress";
        /// A container is paused.
        ALREADY_PAUSED = "is already paused";
        /// A container is not paused.
        NOT_PAUSED = "is not paused";
        /// A container has the name that another one is to have: `"NAME" is already in use by container "ID"`.
        NAME_IN_USE = "\" is already in use by container";
        /// What a container is named; the name follows.
        CONTAINER_NAME = "name \"";
        /// A container uses a volume.
        VOLUME_IN_USE = ": volume is in use";
        /// The engine does not have an image.
        NO_SUCH_IMAGE = "No such image";
        /// The engine does not have the image of a service that is built.
        NO_LOCAL_IMAGE = "An image does not exist locally";
        /// Another container publishes a port.
        PORT_ALLOCATED = "port is already allocated";
        /// A program of the engine's machine listens at a port.
        ADDRESS_IN_USE = "address already in use";
        /// Another container has a fixed address.
        FIXED_ADDRESS_IN_USE = "Address already in use";
        /// A network has the addresses of another one.
        POOL_OVERLAPS = "Pool overlaps with other one";
        /// There are no addresses left for networks.
        FULLY_SUBNETTED = "fully subnetted";
        /// A network is gone that a container was attached to.
        NO_MATCHING_NETWORK = "could not find a network matching";
        /// The same, where its id follows, and the next phrase ends it.
        NETWORK = "network ";
        /// Something is not there; its id stands before.
        IS_NOT_FOUND = " not found";
        /// Containers are attached to a network that is to be removed.
        ACTIVE_ENDPOINTS = "has active endpoints";
        /// A bind mount names what is not there.
        NO_BIND_SOURCE = "bind source path does not exist";
        /// The disk of the engine's machine is full.
        NO_SPACE = "no space left on device";
        /// There is no driver for a device, such as that of NVIDIA.
        NO_DEVICE_DRIVER = "could not select device driver";
        /// Which of a container's endpoints could not be set up.
        ENDPOINT = "driver failed programming external connectivity on endpoint ";
        /// How long a container has run follows.
        UP = "Up ";
        /// For how many seconds it has; the number stands before.
        SECONDS = " second";
        /// A container was started less than a second ago.
        LESS_THAN_A_SECOND = "Less than a second";
        /// The result of health checks that have not ended follows, in lists.
        HEALTH = "health: ";
        /// The result of health checks follows, in events.
        HEALTH_STATUS = "health_status: ";
        /// Nothing more is known of a failure.
        UNKNOWN = ": unknown";
        /// A pull has begun.
        PULLING_FROM = "Pulling from";
        /// The path of a registry's API in an address.
        REGISTRY_PATH = "/v2/";
        /// The path of a registry's accounts in an address.
        TOKEN_PATH = "/token";
        /// Where images come from that name no registry.
        DOCKER_HUB_HOST = "docker.io";
    }
    "runc of Docker Engine 28.5": {
        /// A program is not in the image.
        NO_EXECUTABLE = "executable file not found";
        /// A path is not in the container.
        NO_SUCH_FILE = "no such file or directory";
        /// A file is not executable.
        PERMISSION_DENIED = "permission denied";
        /// A file is a program for another processor, or none.
        EXEC_FORMAT = "exec format error";
        /// A directory was named as a program.
        IS_A_DIRECTORY = "is a directory";
        /// A program is not executable; its path stands before.
        NOT_EXECUTABLE = "\": permission denied";
        /// What a container runs; its path follows.
        EXEC = "exec: \"";
        /// The working directory is not in the container.
        NO_WORKING_DIRECTORY = "chdir to cwd";
    }
    "registries, through Docker Engine 28.5": {
        /// Docker Hub wants to be asked less.
        TOO_MANY_REQUESTS = "toomanyrequests";
        /// A registry speaks no TLS.
        HTTP_FOR_HTTPS = "server gave HTTP response to HTTPS client";
        /// A registry wants a login.
        NO_CREDENTIALS = "no basic auth credentials";
        /// A registry wants another account.
        UNAUTHORIZED = "unauthorized";
        /// A registry wants another account, or has no such image.
        PULL_DENIED = "pull access denied";
        /// A registry has no such image, or tag.
        MANIFEST_UNKNOWN = "manifest unknown";
        /// A registry has no images of the name.
        NAME_UNKNOWN = "name unknown";
        /// A registry wants another account, or has no such image.
        ACCESS_DENIED = "requested access to the resource is denied";
        /// A registry has a certificate that the engine does not trust.
        CERTIFICATE = "x509: ";
    }
    "Go's net packages in Docker Engine 28.5": {
        /// A connection ended.
        ENDED = ": EOF";
        /// A connection ended amid an answer.
        UNEXPECTED_END = "unexpected EOF";
        /// A connection was reset.
        RESET = "connection reset by peer";
        /// A connection ended while it was written to.
        BROKEN_PIPE = "broken pipe";
        /// TLS took too long.
        TLS_TIMEOUT = "TLS handshake timeout";
        /// Reading or writing took too long.
        IO_TIMEOUT = "i/o timeout";
        /// An answer took too long.
        DEADLINE = "context deadline exceeded";
        /// A request took too long.
        CLIENT_TIMEOUT = "Client.Timeout exceeded";
        /// A name is not known.
        NO_SUCH_HOST = "no such host";
        /// The server of names fails.
        SERVER_MISBEHAVING = "server misbehaving";
        /// Names cannot be resolved.
        NO_RESOLUTION = "Temporary failure in name resolution";
        /// Nobody listens.
        CONNECT_REFUSED = "connect: connection refused";
        /// There is no way to a network.
        NETWORK_UNREACHABLE = "network is unreachable";
        /// There is no way to a host.
        NO_ROUTE = "no route to host";
    }
    "BuildKit of Docker Engine 28.5": {
        /// A step that is not in the Dockerfile.
        INTERNAL_STEP = "[internal]";
        /// The step that sends a context.
        LOAD_CONTEXT = "[internal] load build context";
        /// The step that makes an image of the result.
        EXPORT = "exporting to ";
        /// A part of a context that is sent; its name follows.
        TRANSFERRING = "transferring ";
        /// The step that asks a registry for a base image; its name follows.
        LOAD_METADATA = "[internal] load metadata for ";
        /// A registry wants an account, and the session lends none.
        NO_SESSIONS = "no active sessions";
        /// A registry wants an account.
        UNAUTHORIZED_STATUS = "401 Unauthorized";
        /// A registry wants another account.
        NOT_AUTHORIZED = "failed to authorize";
        /// A registry wants another account.
        AUTHORIZATION_FAILED = "authorization failed";
        /// A step is given up because another one failed.
        CANCELED = "context canceled";
        /// A line of a Dockerfile is not understood; its number follows.
        DOCKERFILE_ERROR = "dockerfile parse error on line ";
        /// A command of a step failed; it stands between this and the next phrase.
        PROCESS = "process \"";
        /// A command of a step failed; how it ended follows.
        UNSUCCESSFUL = "\" did not complete successfully: ";
        /// What a step copies cannot be read; the cause follows.
        CACHE_KEY = "failed to compute cache key: ";
        /// What a step copies cannot be read; a digest and the cause follow.
        CHECKSUM = "failed to calculate checksum of ref ";
        /// A file that a step runs is not executable.
        EXIT_CODE_126 = ": exit code: 126";
        /// What a step copies is not there; its path stands before.
        NOT_FOUND = "\": not found";
        /// What a step copies is not there; its path follows.
        LSTAT = ": lstat ";
        /// A step resolves a base image.
        FROM_STEP = "] FROM ";
        /// A step copies files.
        COPY_STEP = "] COPY ";
        /// A step adds files.
        ADD_STEP = "] ADD ";
        /// A step runs a command.
        RUN_STEP = "] RUN ";
        /// A step copies from another stage.
        FROM_STAGE = " --from=";
    }
    "Docker CLI 28.5": {
        /// It has no such command.
        UNKNOWN_COMMAND = "unknown command";
        /// It has no such plugin.
        NOT_A_COMMAND = "is not a docker command";
        /// It took the options of a plugin that is not there for its own.
        UNKNOWN_FILE_FLAG = "unknown flag: --file";
    }
    "Docker Buildx 0.29": {
        /// Why it ends follows.
        ERROR = "ERROR: ";
        /// A `$` stands in a definition, which is tried as a Compose file first.
        UNSET_VARIABLE = "WARNING: The \"";
        /// How that goes on.
        BLANK_STRING = "variable is not set. Defaulting to a blank string.";
    }
    "the standard library of Rust 1.95": {
        /// The system cannot resolve a name.
        LOOKUP_FAILED = "failed to lookup address";
    }
    "docker-credential-helpers 0.9": {
        /// A helper knows nothing of a registry.
        NO_SAVED_CREDENTIALS = "credentials not found in native keychain";
    }
}

/// What engines put before the cause of a failure, for their authors.
pub const WRAPPERS: &[&str] = &[
    "Error response from daemon: ",
    "failed to create task for container: ",
    "failed to create shim task: ",
    "OCI runtime create failed: ",
    "runc create failed: ",
    "unable to start container process: ",
    "error during container init: ",
    "OCI runtime exec failed: ",
    "exec failed: ",
    "failed to solve: ",
    "failed to solve with frontend dockerfile.v0: ",
    "failed to create LLB definition: ",
    "rpc error: code = Unknown desc = ",
    "failed to set up container networking: ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_containers_that_use_a_volume_are_found() {
        let (before, ids) =
            users_of_volume("remove shop_data: volume is in use - [f89a, 5b1d]").expect("it is one");
        assert_eq!(
            (before, ids.collect::<Vec<_>>()),
            ("remove shop_data: volume is in use", vec!["f89a", "5b1d"])
        );
        assert!(users_of_volume("remove shop_data: no such volume - [a]").is_none());
    }

    #[test]
    fn each_is_known_once_and_says_where_it_was_seen() {
        for (index, phrase) in ALL.iter().enumerate() {
            assert!(!ALL[..index].iter().any(|other| other.words == phrase.words), "{phrase:?}");
            let release = phrase.seen_on.rsplit(' ').next().unwrap_or_default();
            assert!(release.split('.').all(|part| part.parse::<u32>().is_ok()), "{phrase:?}");
        }
    }
}
