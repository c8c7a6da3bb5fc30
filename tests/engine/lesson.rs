//! The commands of a README, with the output that it shows.
//!
//! A block ` ```sh ` is run; a block ` ```text ` or ` ```json ` right after it is its output, with
//! `…` in place of what varies. A second word after the language marks what cannot be run or
//! compared: ` ```sh terminal ` needs a person, ` ```text exemplo ` is an example.

/// Commands that belong together.
#[derive(Debug, PartialEq)]
pub(super) struct Block {
    /// The shell commands.
    pub commands: String,
    /// Whether a test can run them.
    pub is_run: bool,
    /// Lines of the output, in this order, among others.
    pub printed: Vec<String>,
}

/// The blocks of a README, in order, except for those in lists.
pub(super) fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = readme.lines();
    let mut follows_commands = false;
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            follows_commands &= line.is_empty();
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if language == "sh" || language.starts_with("sh ") {
            let is_run = language == "sh";
            blocks.push(Block { commands: text.join("\n"), is_run, printed: Vec::new() });
        } else if let (true, "text" | "json", Some(block)) = (follows_commands, language, blocks.last_mut()) {
            block.printed = text.into_iter().map(str::to_owned).collect();
        }
        follows_commands = language == "sh";
    }
    blocks
}

/// The first expected line that is missing in the output; `…` matches anything.
pub(super) fn first_missing<'a>(expected: &'a [String], printed: &str) -> Option<&'a str> {
    let mut lines = printed.lines();
    expected
        .iter()
        .find(|line| !lines.any(|printed| is_like(line.trim_end(), printed.trim_end())))
        .map(String::as_str)
}

fn is_like(pattern: &str, line: &str) -> bool {
    // The duration of a step is at the end, and omitted if it is very short.
    if pattern.strip_suffix(" …") == Some(line) {
        return true;
    }
    let Some((start, rest)) = pattern.split_once('…') else { return pattern == line };
    let Some(line) = line.strip_prefix(start) else { return false };
    // The text after `…` may occur several times in the line.
    (0..=line.len()).filter(|at| line.is_char_boundary(*at)).any(|at| is_like(rest, &line[at..]))
}

#[test]
fn commands_are_read_with_their_output() {
    let readme = "```sh\ntopo ps\n```\n\n```text\nola  …  Exited\n```\n\n```sh terminal\ntopo run\n```\n\n```text\nx\n```\n";
    let read = blocks(readme);
    assert_eq!((read[0].commands.as_str(), read[0].is_run), ("topo ps", true));
    assert_eq!(read[0].printed, ["ola  …  Exited"]);
    assert_eq!((read[1].is_run, read[1].printed.len()), (false, 0));
}

#[test]
fn an_ellipsis_matches_anything() {
    let expected = ["a … c".to_owned(), "…z".to_owned()];
    assert_eq!(first_missing(&expected, "noise\na b c\n\nxyz\n"), None);
    assert_eq!(first_missing(&expected, "xyz\na b c\n"), Some("…z"));
    assert_eq!(first_missing(&expected, "a b d\n"), Some("a … c"));
    let expected = ["web  created …".to_owned()];
    assert_eq!(first_missing(&expected, "web  created in 0.1s\n"), None);
    assert_eq!(first_missing(&expected, "web  created\n"), None);
    assert_eq!(first_missing(&expected, "web  creates\n"), Some("web  created …"));
}
