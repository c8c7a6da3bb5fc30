//! In: the text of one file. Out: one tree per document, with exact spans, aliases and merge keys
//! resolved. Must not: recurse along the text, stop at an error that it can recover from, or expand
//! more than [`NODE_LIMIT`] nodes and [`DEPTH_LIMIT`] levels.
//!
//! The only module that knows the YAML library, which emits events; the tree is built here.

mod anchor;
mod colon;
mod dash;
#[cfg(test)]
mod exact;
mod leftovers;
mod long_key;
mod mapping;
mod place;
mod recover;
mod syntax_error;
mod tag;

use super::Unparsed;
use super::node::{Directive, Map, Node, Value};
use crate::diagnostic::{Diagnostics, code};
use crate::source::{FileId, Span};
use anchor::{Anchors, LEAF, Size};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use mapping::OpenMap;
use std::borrow::Cow;

/// The most nodes of a file, with aliases expanded.
const NODE_LIMIT: usize = 1_000_000;
/// The most of them that come from aliases, which need far less text.
const ALIASED_NODE_LIMIT: usize = 200_000;
/// The most levels of nested collections, with aliases expanded.
pub(super) const DEPTH_LIMIT: usize = 256;
/// The most bytes of scalar text of a file, with aliases expanded.
const TEXT_LIMIT: usize = 64 * 1024 * 1024;

const SPLIT: &str = "split the topology into several files";

/// The result of reading a file.
pub(super) struct Read {
    /// One tree per document, without empty ones.
    pub documents: Vec<Node>,
    /// What could not be read.
    pub unparsed: Unparsed,
    /// The number of values, with aliases expanded.
    pub nodes: usize,
    /// Its comments, in their order.
    pub comments: Vec<Span>,
}

/// The most lines of comments that may stand together: they are held until it is known what they belong to.
const COMMENT_LIMIT: usize = 100_000;
/// The most aliases without an anchor that are reported.
const UNKNOWN_ALIAS_LIMIT: usize = 100;
/// The most syntax errors that are recovered from.
const MISTAKE_LIMIT: usize = 10;

/// Reads every document of a text. After a syntax error, the text is read again without the lines
/// concerned, so that all errors are found at once.
pub(super) fn read(file: FileId, text: &str, found: &mut Diagnostics) -> Read {
    let readable = syntax_error::readable_part(file, text, found);
    let mut rest = leftovers::strip_leftovers(file, readable, found);
    let mut mistakes = 0;
    let mut comments = Vec::new();
    loop {
        let mut also_found = Diagnostics::default();
        let (mut read, mistake) = read_once(file, &rest, readable, &mut also_found, found);
        let next =
            mistake.filter(|_| mistakes < MISTAKE_LIMIT).and_then(|at| recover::without_mistake(&rest, at));
        // What a line held that is left out from now on was a comment all the same.
        comments.append(&mut read.comments);
        let Some(next) = next else {
            comments.sort();
            comments.dedup();
            read.comments = comments;
            found.append(also_found);
            read.unparsed.lose(readable, &rest, text);
            return read;
        };
        mistakes += 1;
        rest = Cow::Owned(next);
    }
}

/// Reads up to the first syntax error, which is added to `syntax`; returns its offset. `text` is
/// what remains of `whole`.
fn read_once(
    file: FileId,
    text: &str,
    whole: &str,
    found: &mut Diagnostics,
    syntax: &mut Diagnostics,
) -> (Read, Option<usize>) {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        block_nesting_limit: 2 * DEPTH_LIMIT,
        block_scalar_eof_without_line_feed: true,
        max_buffered_comment_events: COMMENT_LIMIT,
    };
    let mut reader = Reader::new(file, text, whole, found);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut mistake = None;
    while let Some(event) = parser.next_event() {
        let goes_on = match event {
            Ok((event, place)) => reader.take(event, place),
            Err(error) => {
                mistake = reader.give_up(&error, syntax);
                Flow::Break(())
            }
        };
        if goes_on.is_break() {
            break;
        }
    }
    (reader.finish(), mistake)
}

/// `Break` if the rest of the text must not be read.
type Flow = std::ops::ControlFlow<()>;

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    /// The text including the lines that could not be read.
    whole: &'a str,
    found: &'a mut Diagnostics,
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: Anchors,
    /// The size of the file so far.
    size: Size,
    /// End of the last token, in bytes.
    last_end: usize,
    unknown_aliases: usize,
    /// How many values come from aliases.
    aliased_nodes: usize,
    unparsed: Unparsed,
    comments: Vec<Span>,
}

/// A collection that is still open.
struct Open {
    collection: Collection,
    style: StructureStyle,
    span: Span,
    anchor: usize,
    tag: tag::Meaning,
    /// The size of the file before this collection; its height is that of its highest child so far.
    before: Size,
    height: usize,
    /// End of the last child as written, in bytes.
    end: u32,
}

enum Collection {
    List(Vec<Node>),
    Map(OpenMap),
}

impl<'a> Reader<'a> {
    fn new(file: FileId, text: &'a str, whole: &'a str, found: &'a mut Diagnostics) -> Self {
        Self {
            file,
            text,
            whole,
            found,
            documents: Vec::new(),
            open: Vec::new(),
            anchors: Anchors::default(),
            size: Size::default(),
            last_end: 0,
            unknown_aliases: 0,
            aliased_nodes: 0,
            unparsed: Unparsed::default(),
            comments: Vec::new(),
        }
    }

    fn take(&mut self, event: Event<'_>, place: granit_parser::Span) -> Flow {
        let range = place.byte_range().unwrap_or(self.last_end..self.last_end);
        let flow = match event {
            Event::Comment(..) => {
                self.comments.push(Span::new(self.file, range.start, range.end));
                return Flow::Continue(());
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), range.clone())
            }
            Event::SequenceStart(style, anchor, tag) => {
                let list = Collection::List(Vec::new());
                self.begin(list, style, anchor, tag.as_deref(), range.clone())
            }
            Event::MappingStart(style, anchor, tag) => {
                let map = Collection::Map(OpenMap::default());
                self.begin(map, style, anchor, tag.as_deref(), range.clone())
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.clone()),
            Event::Alias(anchor) => self.alias(anchor, range.clone()),
            Event::UnresolvedAlias(name) => self.unknown_alias(&name, range.clone()),
            _ => Flow::Continue(()),
        };
        self.last_end = self.last_end.max(range.end);
        flow
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: std::ops::Range<usize>,
    ) -> Flow {
        let is_plain = style == ScalarStyle::Plain;
        let range = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                place::block_scalar(self.text, self.last_end, range)
            }
            _ if range.is_empty() => place::empty_value(self.text, range.start),
            _ => range,
        };
        let span = Span::new(self.file, range.start, range.end);
        let tag = tag.map(tag::meaning).unwrap_or_default();
        let value = tag.scalar(text, is_plain, span, self.found);
        let mut node = Node::new(span, value);
        node.directive = tag.directive;
        let size = Size { bytes: text.len(), ..LEAF };
        self.grow(size, span)?;
        self.place(node, span, anchor, size)
    }

    fn begin(
        &mut self,
        collection: Collection,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&Tag>,
        range: std::ops::Range<usize>,
    ) -> Flow {
        let start = match (&collection, style) {
            (Collection::List(_), StructureStyle::Block) => place::first_dash(self.text, range.start),
            _ => range.start,
        };
        let span = Span::new(self.file, start, range.end.max(start));
        let tag = tag.map(tag::meaning).unwrap_or_default();
        let before = self.size;
        self.grow(LEAF, span)?;
        self.open.push(Open { collection, style, span, anchor, tag, before, height: 0, end: span.end });
        Flow::Continue(())
    }

    fn end(&mut self, range: std::ops::Range<usize>) -> Flow {
        let Some(open) = self.open.pop() else { return Flow::Continue(()) };
        let mut span = open.span;
        span.end = match open.style {
            StructureStyle::Flow => Span::new(self.file, range.start, range.end).end.max(open.end),
            StructureStyle::Block => open.end.max(span.start),
        };
        let (value, refused) = match open.collection {
            Collection::List(mut list) => {
                // Most collections have few elements and are kept.
                list.shrink_to_fit();
                (Value::List(list), None)
            }
            Collection::Map(map) => self.finish_map(map, span),
        };
        let mut node = Node::new(span, value);
        node.directive = refused.or(open.tag.directive);
        let size = Size {
            nodes: self.size.nodes - open.before.nodes,
            bytes: self.size.bytes - open.before.bytes,
            height: open.height + 1,
        };
        self.place(node, span, open.anchor, size)
    }

    /// Adds a finished node, written at `written`, to the enclosing collection.
    fn place(&mut self, node: Node, written: Span, anchor: usize, size: Size) -> Flow {
        if !self.anchors.define(anchor, &node, size) {
            return self.too_large(written, "anchors repeat too much text", "use fewer aliases");
        }
        self.refuse_key_on_lines(written);
        let is_merged = self.is_merged();
        let Some(parent) = self.open.last_mut() else {
            if !matches!(node.value, Value::Null) {
                self.documents.push(node);
            }
            return Flow::Continue(());
        };
        let height = if is_merged { size.height - merged_levels(&node) } else { size.height };
        parent.height = parent.height.max(height);
        parent.end = parent.end.max(written.end);
        match &mut parent.collection {
            // In a list, `!reset` only removes the element.
            Collection::List(_) if node.directive == Some(Directive::Reset) => {}
            Collection::List(list) => list.push(node),
            Collection::Map(map) => map.take(node, written, self.found),
        }
        Flow::Continue(())
    }

    fn alias(&mut self, anchor: usize, range: std::ops::Range<usize>) -> Flow {
        let span = Span::new(self.file, range.start, range.end);
        let Some(size) = self.anchors.size(anchor) else {
            self.found
                .error(code::UNKNOWN_ALIAS, "an anchor cannot hold an alias to itself")
                .label(span, "is inside what it names")
                .help("write the value out here, or move the anchor to a part that does not hold this alias");
            return self.null_for_alias(span);
        };
        self.aliased_nodes += size.nodes;
        let Some(mut node) = self.anchors.node(anchor) else { return Flow::Continue(()) };
        let merged = if self.is_merged() { merged_levels(&node) } else { 0 };
        self.grow(Size { height: size.height - merged, ..size }, span)?;
        if !matches!(node.value, Value::Null | Value::Scalar(_)) || self.is_merged_element() {
            // A collection is where the alias is: its elements have the spans of their text.
            node.span = span;
        }
        self.place(node, span, 0, size)
    }

    /// Whether the next node is the value of `<<`.
    fn is_merged(&self) -> bool {
        matches!(self.open.last(), Some(Open { collection: Collection::Map(map), .. }) if map.inherits())
    }

    /// Whether the next node is an element of a list that is the value of `<<`.
    fn is_merged_element(&self) -> bool {
        match self.open.as_slice() {
            [
                ..,
                Open { collection: Collection::Map(map), .. },
                Open { collection: Collection::List(_), .. },
            ] => map.inherits(),
            _ => false,
        }
    }

    fn unknown_alias(&mut self, name: &str, range: std::ops::Range<usize>) -> Flow {
        let span = Span::new(self.file, range.start, range.end);
        self.unknown_aliases += 1;
        // Each one is compared with all anchors above it.
        if self.unknown_aliases <= UNKNOWN_ALIAS_LIMIT {
            syntax_error::unknown_alias(self.text, self.whole, name, span, self.found);
        }
        self.null_for_alias(span)
    }

    /// Replaces the value of an alias.
    fn null_for_alias(&mut self, span: Span) -> Flow {
        let map = self.open.iter().rev().find_map(|open| match &open.collection {
            Collection::Map(map) => Some(map),
            Collection::List(_) => None,
        });
        let is_merged = map.is_some_and(OpenMap::inherits);
        // The root, a section, and its definitions.
        self.unparsed.aliases.insert(span);
        self.unparsed.name |= is_merged && self.open.len() <= 2;
        self.unparsed.lose_value(map.and_then(OpenMap::awaited), is_merged, self.open.len() <= 2);
        let nothing = if is_merged { Value::Map(Map::default()) } else { Value::Null };
        self.place(Node::new(span, nothing), span, 0, LEAF)
    }

    /// Adds the size of a node at `span`, and refuses it if that is too much.
    fn grow(&mut self, size: Size, span: Span) -> Flow {
        self.size.nodes += size.nodes;
        self.size.bytes += size.bytes;
        if self.size.nodes > NODE_LIMIT {
            return self.too_large(span, "the file holds more than 1,000,000 values", SPLIT);
        }
        if self.aliased_nodes > ALIASED_NODE_LIMIT {
            return self.too_large(span, "aliases stand for more than 200,000 values", SPLIT);
        }
        if self.open.len() + size.height > DEPTH_LIMIT {
            return self.too_large(span, "the file nests deeper than 256 levels", "nest less deeply");
        }
        if self.size.bytes > TEXT_LIMIT {
            return self.too_large(span, "the file holds more than 64 MiB of text", SPLIT);
        }
        Flow::Continue(())
    }

    fn too_large(&mut self, span: Span, message: &str, help: &str) -> Flow {
        let (label, help) = match self.aliased_nodes {
            0 => ("reading stops here", help),
            _ => ("reading stops here; an alias counts as what it stands for", "use fewer aliases"),
        };
        self.found.error(code::TOO_LARGE, message).label(span, label).help(help);
        self.unparsed.rest = true;
        Flow::Break(())
    }

    fn give_up(&mut self, error: &ScanError, syntax: &mut Diagnostics) -> Option<usize> {
        self.unparsed.rest = true;
        // A pair in a flow sequence, `[a: b]`, is a mapping without a bracket.
        let is_bracket =
            |span: &Span| matches!(self.text.as_bytes().get(span.start as usize), Some(b'[' | b'{'));
        let mut brackets = self.open.iter().filter(|open| open.style == StructureStyle::Flow);
        let bracket = brackets.rfind(|open| is_bracket(&open.span)).map(|open| open.span);
        let error_context =
            syntax_error::ErrorContext { file: self.file, text: self.text, last_end: self.last_end, bracket };
        error_context.report(error, syntax)
    }

    /// Closes open collections, so that what was read before an error is kept.
    fn finish(mut self) -> Read {
        while !self.open.is_empty() {
            let end = self.last_end;
            // Closing needs no more memory.
            let _ = self.end(end..end);
        }
        Read {
            documents: self.documents,
            unparsed: self.unparsed,
            nodes: self.size.nodes,
            comments: self.comments,
        }
    }
}

/// How many levels of a node vanish when it is merged by `<<`: its entries become the mapping's
/// own.
fn merged_levels(node: &Node) -> usize {
    match &node.value {
        Value::Null | Value::Scalar(_) => 0,
        Value::Map(_) => 1,
        Value::List(elements) if elements.is_empty() => 1,
        Value::List(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::show;
    use super::*;
    use crate::source::Sources;

    fn read_text(text: &str) -> (Sources, Read, Diagnostics) {
        let mut sources = Sources::default();
        let file = sources.add("compose.yaml", text);
        let mut found = Diagnostics::default();
        let read = read(file, &sources.get(file).text, &mut found);
        (sources, read, found)
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let (_, read, found) = read_text(text);
        assert_eq!(read.documents.iter().map(show).collect::<Vec<_>>(), expected, "{text}");
        assert_eq!(found.sorted(), Vec::<&crate::diagnostic::Diagnostic>::new(), "{text}");
        assert!(read.unparsed.is_none());
    }

    /// The code, the message and the texts of the labels of the only diagnostic.
    #[track_caller]
    fn mistake(text: &str, code: code::Code, labels: &[&str]) {
        let (sources, _, found) = read_text(text);
        let [diagnostic] = found.sorted()[..] else { panic!("{text}: {:?}", found.sorted()) };
        let places: Vec<&str> = diagnostic.labels.iter().map(|label| sources.text(label.span)).collect();
        assert_eq!((diagnostic.code, places.as_slice()), (code, labels), "{text}");
    }

    #[test]
    fn scalars_keep_what_was_written() {
        check(
            "a: 0440\nb: '1'\nc: ~\nd:\ne: \"x\\ny\"\nf: yes",
            &["{a: 0440, b: \"1\", c: null, d: null, e: \"x\\ny\", f: yes}"],
        );
        check("a: |\n  x\n  y\nb: >-\n  x\n  y", &["{a: \"x\\ny\\n\", b: \"x y\"}"]);
        // YAML 1.2, 8.1.1.2, "block chomping indicator": a final line break is kept if it is there.
        check("a: |\n  x\n  y", &["{a: \"x\\ny\"}"]);
        check("a: >\n  x\n  y", &["{a: \"x y\"}"]);
        check("a: |\n  x\n ", &["{a: \"x\\n\"}"]);
        check("a: |\n  x\n    ", &["{a: \"x\\n  \"}"]);
        check(
            "a: !!str 1\nb: !!int \"1\"\nc: !x 1\nd: !!str\ne: !x {a: 1}\nf: ! 5\ng: !!binary aGk=\nh: !!str ~",
            &["{a: \"1\", b: 1, c: \"1\", d: \"\", e: {a: 1}, f: 5, g: \"hi\", h: \"~\"}"],
        );
    }

    #[test]
    fn documents_are_kept_apart_and_empty_ones_left_out() {
        check("a: 1\n---\nb: 2\n---\n# nothing\n---\n- c\n...\n", &["{a: 1}", "{b: 2}", "[c]"]);
        check("", &[]);
    }

    #[test]
    fn aliases_and_merge_keys_are_expanded() {
        check("a: &x [1, &y b]\nc: *x\n*y : *y", &["{a: [1, b], c: [1, b], b: b}"]);
        check("a: &a {x: 1, y: 1}\nb: {y: 2, <<: *a}", &["{a: {x: 1, y: 1}, b: {y: 2, x: 1}}"]);
        check(
            "a: &a {x: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b, {w: 3}]}",
            &["{a: {x: 1}, b: {x: 2, z: 2}, c: {x: 1, z: 2, w: 3}}"],
        );
        check(
            "a: &a {x: 1}\nb: {!!merge <<: *a}\nc: {!<tag:yaml.org,2002:merge> '<<': *a, !!str <<: d}",
            &["{a: {x: 1}, b: {x: 1}, c: {<<: d, x: 1}}"],
        );
        let chain: String = (1..300).map(|n| format!("a{n}: &a{n} {{<<: [*a{}]}}\n", n - 1)).collect();
        let (_, read, found) = read_text(&format!("a0: &a0 {{x: 1}}\n{chain}"));
        assert!(found.is_empty() && read.unparsed.is_none());
        let chain: String = (1..200).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
        let (_, read, found) = read_text(&format!("a0: &a0 [x]\n{chain}"));
        assert!(found.is_empty() && read.unparsed.is_none());
        check("a: &a [{x: 1}]\nb: {<<: *a, '<<': 2}", &["{a: [{x: 1}], b: {<<: 2, x: 1}}"]);
    }

    #[test]
    fn tags_are_kept_for_the_merge() {
        check(
            "a: !reset\nb: !override [1]\nc: [1, !reset 2]\nd: !reset {x: 1}",
            &["{a: !Reset null, b: !Override [1], c: [1], d: !Reset {x: 1}}"],
        );
        check("a: &a !override [x]\nb: *a", &["{a: !Override [x], b: !Override [x]}"]);
    }

    #[test]
    fn duplicate_keys_and_unknown_aliases_are_reported_at_their_place() {
        mistake("a: 1\nb: 2\na: 3", code::DUPLICATE_KEY, &["a", "a"]);
        mistake("x: &x {}\na: {<<: *x, <<: *x}", code::DUPLICATE_KEY, &["<<", "<<"]);
        mistake("a: &a {}\nb: {\"<<\": *a}", code::BAD_MERGE_KEY, &["\"<<\""]);
        mistake("<<: [1]", code::BAD_MERGE_KEY, &["1"]);
        mistake("<<:", code::BAD_MERGE_KEY, &[""]);
        mistake("a: &name 1\nb: *nmae", code::UNKNOWN_ALIAS, &["*nmae"]);
        mistake("a: &a [*a]", code::UNKNOWN_ALIAS, &["*a"]);
        mistake("a: 1\nb: \u{1}", code::YAML_SYNTAX, &["\u{1}"]);
        mistake("a: !!int x", code::WRONG_TYPE, &["x"]);
        mistake("a: !!bool yes", code::WRONG_TYPE, &["yes"]);
        mistake("a: !!binary '*'", code::WRONG_TYPE, &["'*'"]);
    }

    #[test]
    fn only_strings_are_keys() {
        for key in ["1", "true", "1.5", "null", "~", "2024-05-01", "0440"] {
            mistake(&format!("{key}: x"), code::WRONG_TYPE, &[key]);
        }
        mistake("? [a]\n: x", code::WRONG_TYPE, &["[a]"]);
        check("yes: 1\n\"1\": 2\n!!str 3: 4\n1.2.3: 5", &["{yes: 1, 1: 2, 3: 4, 1.2.3: 5}"]);
    }

    #[test]
    fn reading_continues_after_an_error() {
        let text =
            "a: {b: 1, b: 2}\nc:\n  d: x: y\n  e: &e @z\n  f: [1,\n  g: 2\nh: 'i\n j: 1\nk: *e\nl: m\n";
        let (sources, read, found) = read_text(text);
        let sorted = found.sorted();
        let places = sorted.iter().filter_map(|diagnostic| Some(sources.text(diagnostic.span()?)));
        assert_eq!(places.collect::<Vec<_>>(), ["b", "x: y", "@z", "[", "'i"]);
        assert_eq!(show(&read.documents[0]), "{a: {b: 1}, c: {g: 2}, k: null, l: m}");
        assert!(!read.unparsed.is_none());
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        let (_, read, found) = read_text("a: {b: 1}\nc:\n  d: [1, 2\ne: 3");
        assert_eq!(show(&read.documents[0]), "{a: {b: 1}, c: null, e: 3}");
        assert!(!read.unparsed.is_none() && found.has_errors());
    }

    #[test]
    fn bombs_are_refused() {
        let mut aliases = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            aliases +=
                &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", "));
        }
        let nested = "[".repeat(100_000);
        let block: String = (0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        let many: String = (0..1_100_000).map(|key| format!("k{key}: 1\n")).collect();
        for text in [aliases, nested, block, many] {
            let (_, read, found) = read_text(&text);
            assert_eq!(found.sorted().first().map(|diagnostic| diagnostic.code), Some(code::TOO_LARGE));
            assert!(!read.unparsed.is_none());
        }
    }

    #[test]
    fn long_texts_behind_aliases_are_refused() {
        let text = format!("a: &a {}\nb: [{}]", "x".repeat(1_000_000), "*a, ".repeat(100));
        let (_, _, found) = read_text(&text);
        assert_eq!(found.sorted()[0].code, code::TOO_LARGE);
    }
}
