//! Properties of documents. The expected text comes from a simple, slow client that edits a plain `String`.

use std::ops::Range;
use std::sync::Barrier;
use std::thread;

use fimble::lsp::position::{Position, PositionEncoding};
use fimble::lsp::text_sync::{Change, apply_changes};
use fimble_completion::document::syntax::{MAX_TEXT_BYTES, SyntaxTree};
use fimble_completion::document::{Document, Edit};
use fimble_completion::language::Language;
use proptest::prelude::*;
use proptest::sample::Index;
use tree_sitter::Node;

const RUST: &str = "//! Ünïcode.\nuse std::fmt;\n\n/// 😀\npub fn area(w: u32, h: u32) -> u32 {\n    if w == 0 { return 0; }\n    \
                    let s = \"日本語\";\n    w * h /* é */\n}\n\nstruct Point {\n    x: f32,\n    y: f32,\n}\n";
const PYTHON: &str = "import os\n\n\nclass Shape:\n    '''Ünïcode 😀.'''\n\n    def area(self, w, h):\n        if w == 0:\n            \
                      return 0\n        name = f\"{w}日本語\"\n        return w * h  # é\n\n\ndef main():\n    pass\n";

/// The client's text, and the encoding of its positions.
struct Client {
    text: String,
    encoding: PositionEncoding,
}

/// One edit. Its lines and characters are fractions of the text that it will be applied to, or a little beyond the text.
#[derive(Debug, Clone)]
struct Step {
    start: (Index, Index),
    end: (Index, Index),
    text: String,
    whole: bool,
}

impl Client {
    /// The byte ranges of the lines, without their breaks.
    fn lines(&self) -> Vec<Range<usize>> {
        let (mut lines, mut start) = (Vec::new(), 0);
        for (offset, character) in self.text.char_indices() {
            if character == '\n' || (character == '\r' && !self.text[offset..].starts_with("\r\n")) {
                let end =
                    if character == '\n' && self.text[start..offset].ends_with('\r') { offset - 1 } else { offset };
                lines.push(start..end);
                start = offset + 1;
            }
        }
        lines.push(start..self.text.len());
        lines
    }

    fn width(&self, character: char) -> usize {
        match self.encoding {
            PositionEncoding::Utf8 => character.len_utf8(),
            PositionEncoding::Utf16 => character.len_utf16(),
            PositionEncoding::Utf32 => 1,
        }
    }

    /// A position that a client may send, and its byte offset. It may be one line beyond the text and two characters beyond a
    /// line.
    fn place(&self, (line, character): (Index, Index)) -> (Position, usize) {
        let lines = self.lines();
        let line = line.index(lines.len() + 1);
        let range = lines.get(line).cloned().unwrap_or(self.text.len()..self.text.len());
        let units: usize = self.text[range.clone()].chars().map(|character| self.width(character)).sum();
        let character = character.index(units + 3);
        let (mut seen, mut offset) = (0, range.start);
        for next in self.text[range].chars() {
            seen += self.width(next);
            if seen > character {
                break;
            }
            offset += next.len_utf8();
        }
        (Position { line: line as u32, character: character as u32 }, offset)
    }

    /// Applies `step` to the client's text. Returns the change that the client sends, and the edit that undoes it.
    fn make(&mut self, step: &Step) -> (Change, Edit) {
        let (mut start, mut end) = (self.place(step.start), self.place(step.end));
        if start.1 > end.1 {
            (start, end) = (end, start);
        }
        let (range, replaced) =
            if step.whole { (None, 0..self.text.len()) } else { (Some((start.0, end.0)), start.1..end.1) };
        let undo = Edit {
            range: replaced.start..replaced.start + step.text.len(),
            text: self.text[replaced.clone()].to_owned(),
        };
        self.text.replace_range(replaced, &step.text);
        (Change { range, text: step.text.clone() }, undo)
    }
}

fn encodings() -> impl Strategy<Value = PositionEncoding> {
    prop::sample::select(vec![PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32])
}

/// A language and a text in it, from an empty one to several chunks of the rope, with any line break.
fn files() -> impl Strategy<Value = (Language, String)> {
    let language = prop::sample::select(vec![("rust", RUST), ("python", PYTHON)]);
    let line_break = prop::sample::select(vec!["\n", "\n", "\r\n", "\r"]);
    (language, prop::sample::select(vec![0, 1, 1, 1, 12]), line_break).prop_map(|((id, text), copies, line_break)| {
        (Language::from_id(id), text.repeat(copies).replace('\n', line_break))
    })
}

fn steps() -> impl Strategy<Value = Step> {
    let piece = prop::sample::select(vec![
        "",
        "",
        "a",
        " ",
        "    ",
        "\n",
        "\r\n",
        "\r",
        "\n\n    ",
        "é",
        "😀",
        "語",
        "e\u{301}",
        "(",
        ")",
        "{",
        "}",
        "\"",
        "'",
        "'''",
        "//",
        "/*",
        "*/",
        "#",
        ":",
        ";",
        ", ",
        "fn ",
        "let x = 1;\n",
        "if x:\n        y = 2\n",
        "def f():\n",
        "class A:\n    pass\n",
        "struct B { c: u8 }\r\n",
        "\\",
        "\0",
        "\u{2028}",
    ]);
    let text = prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat());
    let place = || (any::<Index>(), any::<Index>());
    (place(), place(), any::<bool>(), text, prop::bool::weighted(0.02)).prop_map(|(start, end, typed, text, whole)| {
        // Half of all edits only insert, as typing does.
        Step { start, end: if typed { start } else { end }, text, whole }
    })
}

/// Prints the nodes of a tree in order: kinds, bytes, rows and columns, errors and missing tokens.
fn outline(tree: &SyntaxTree) -> String {
    fn visit(node: Node<'_>, depth: usize, out: &mut String) {
        use std::fmt::Write;
        let (start, end) = (node.start_position(), node.end_position());
        let missing = if node.is_missing() { " missing" } else { "" };
        writeln!(out, "{:depth$}{} {:?} {start}-{end}{missing}", "", node.kind(), node.byte_range()).expect("a string");
        for index in 0..node.child_count() {
            visit(node.child(index as u32).expect("a child"), depth + 1, out);
        }
    }
    let mut out = String::new();
    visit(tree.root_node(), 0, &mut out);
    out
}

/// Compares the document's tree with a fresh parse of its text. If the text has syntax errors, the two may differ, because
/// tree-sitter's error recovery prefers nodes that an incremental parse can keep. About 1 in 2,000 texts with errors differ
/// (for example `w * h /* é */'é}` after typing the part from `'`), and none without errors.
#[track_caller]
fn check_tree(document: &Document) {
    let held = document.syntax().expect("a tree");
    let fresh = SyntaxTree::parse(document.language(), document.text()).expect("a tree");
    assert_eq!(held.root_node().has_error(), fresh.root_node().has_error(), "{:?}", document.text());
    assert_eq!(held.root_node().end_position(), fresh.root_node().end_position(), "{:?}", document.text());
    if !fresh.root_node().has_error() {
        assert_eq!(outline(held), outline(&fresh), "{:?}", document.text());
    }
}

proptest! {
    #[test]
    fn a_document_has_its_clients_text(
        (language, text) in files(),
        encoding in encodings(),
        // The flag says whether the tree is parsed after the edits. An older tree with several edits must parse as well.
        notifications in prop::collection::vec((prop::collection::vec(steps(), 0..4), any::<bool>()), 1..8),
        asked_on_the_way_back in prop::collection::vec(any::<bool>(), 24),
    ) {
        let mut document = Document::new("file", language, 0, &text);
        let mut client = Client { text: text.clone(), encoding };
        let mut undo = Vec::new();
        let mut snapshots = Vec::new();
        for (version, (steps, asked)) in (1..).zip(&notifications) {
            let mut changes = Vec::new();
            for step in steps {
                let (change, back) = client.make(step);
                changes.push(change);
                undo.push(back);
            }
            prop_assert_eq!(apply_changes(&mut document, version, changes, encoding), Ok(()));
            prop_assert_eq!(document.text().to_string(), &*client.text);
            prop_assert_eq!(document.version(), version);
            snapshots.push((document.clone(), client.text.clone()));
            if *asked {
                check_tree(&document);
            }
        }
        // Undoing all edits restores the text, whatever the edits did to the tree.
        for ((version, back), asked) in (100..).zip(undo.into_iter().rev()).zip(asked_on_the_way_back) {
            prop_assert_eq!(document.apply(version, &[back]), Ok(()));
            if asked {
                check_tree(&document);
            }
        }
        prop_assert_eq!(document.text().to_string(), text);
        check_tree(&document);
        // Later edits do not change the snapshots.
        for (snapshot, text) in snapshots {
            prop_assert_eq!(snapshot.text().to_string(), text);
            check_tree(&snapshot);
        }
    }

    #[test]
    fn either_all_edits_of_a_list_are_applied_or_none(
        (language, text) in files(),
        edits in prop::collection::vec((0..40usize, 0..40usize, "[aé😀\r\n]{0,3}"), 0..6),
    ) {
        let mut document = Document::new("file", language, 0, &text);
        let edits: Vec<Edit> = edits.into_iter().map(|(start, end, text)| Edit { range: start..end, text }).collect();
        let mut expected = Some(text.clone());
        for edit in &edits {
            expected = expected.filter(|text| text.get(edit.range.clone()).is_some()).map(|mut text| {
                text.replace_range(edit.range.clone(), &edit.text);
                text
            });
        }
        prop_assert_eq!(document.apply(1, &edits).is_ok(), expected.is_some());
        prop_assert_eq!(document.version(), i32::from(expected.is_some()));
        prop_assert_eq!(document.text().to_string(), expected.unwrap_or(text));
        check_tree(&document);
    }
}

/// Typing a file and deleting it from its end passes through the usual states of a user's file, with one unfinished
/// construct. In all of them, the tree equals that of a fresh parse.
#[test]
fn the_tree_is_right_after_each_typed_character() {
    for (id, text) in [("rust", RUST), ("python", PYTHON)] {
        for line_break in ["\n", "\r\n", "\r"] {
            let text = text.replace('\n', line_break);
            let mut document = Document::new("file", Language::from_id(id), 0, "");
            let typed = text
                .char_indices()
                .map(|(offset, character)| Edit { range: offset..offset, text: character.to_string() });
            let deleted = text
                .char_indices()
                .rev()
                .map(|(offset, character)| Edit { range: offset..offset + character.len_utf8(), text: String::new() });
            for (version, edit) in (1..).zip(typed.chain(deleted)) {
                assert_eq!(document.apply(version, &[edit]), Ok(()));
                let fresh = SyntaxTree::parse(document.language(), document.text()).expect("a tree");
                assert_eq!(outline(document.syntax().expect("a tree")), outline(&fresh), "{:?}", document.text());
            }
            assert_eq!(document.text().len_bytes(), 0);
        }
    }
}

#[test]
fn an_invalid_edit_does_not_change_the_document() {
    let mut document = Document::new("src/é.rs", Language::from_id("rust"), 7, "let é = 1;\nlet b = 2;\n");
    let before = outline(document.syntax().expect("a tree"));
    let edit = |range: Range<usize>| Edit { range, text: "x".to_owned() };
    let at = |line, character| Position { line, character };
    let change = |start, end| Change { range: Some((start, end)), text: "x".to_owned() };
    let utf8 = PositionEncoding::Utf8;

    let reversed = Edit { range: Range { start: 5, end: 3 }, text: String::new() };
    fn text<E: ToString>(result: Result<(), E>) -> Result<(), String> {
        result.map_err(|error| error.to_string())
    }
    let refused = [
        (text(document.apply(7, &[edit(0..1)])), "version 7 is not newer than version 7, which the document has"),
        (text(document.apply(-1, &[])), "version -1 is not newer than version 7, which the document has"),
        (text(document.replace(6, "x")), "version 6 is not newer than version 7, which the document has"),
        (
            text(apply_changes(&mut document, 7, [], utf8)),
            "version 7 is not newer than version 7, which the document has",
        ),
        (
            text(document.apply(8, &[edit(0..1), edit(20..25)])),
            "the edit of bytes 20..25 is outside the text, which has 23 bytes",
        ),
        (text(document.apply(8, &[edit(99..99)])), "the edit of bytes 99..99 is outside the text, which has 23 bytes"),
        (text(document.apply(8, &[edit(0..0), reversed])), "the edit begins at byte 5, after its end at byte 3"),
        (text(document.apply(8, &[edit(5..6)])), "byte 5, where the edit begins or ends, is inside a character"),
        (text(document.apply(8, &[edit(4..5)])), "byte 5, where the edit begins or ends, is inside a character"),
        (
            text(apply_changes(&mut document, 8, [change(at(0, 0), at(0, 3)), change(at(4, 0), at(5, 0))], utf8)),
            "line 4 (counted from 0) is outside the document, which has 3 lines",
        ),
        (
            text(apply_changes(&mut document, 8, [change(at(1, 4), at(0, 0))], utf8)),
            "the edit begins at byte 16, after its end at byte 0",
        ),
    ];
    for (result, message) in refused {
        assert_eq!(result, Err(message.to_owned()));
    }
    assert_eq!(document.text().to_string(), "let é = 1;\nlet b = 2;\n");
    assert_eq!(document.version(), 7);
    assert_eq!(outline(document.syntax().expect("a tree")), before);

    let later = apply_changes(&mut document, 8, [change(at(0, 4), at(0, 6)), change(at(1, 0), at(u32::MAX, 0))], utf8);
    assert_eq!(later, Ok(()));
    assert_eq!(document.text().to_string(), "let x = 1;\nx");
    assert_eq!((document.name(), document.version()), ("src/é.rs", 8));
    check_tree(&document);
}

#[test]
fn edits_do_not_change_a_snapshot() {
    fn shared<T: Send + Sync>(_: &T) {}
    let mut document = Document::new("a.py", Language::from_id("python"), 1, PYTHON);
    let snapshot = document.clone();
    shared(&snapshot);
    assert_eq!(document.replace(2, "x = 1\n"), Ok(()));
    assert_eq!(document.apply(3, &[Edit { range: 0..1, text: "yy".to_owned() }]), Ok(()));
    assert_eq!((snapshot.text().to_string().as_str(), snapshot.version()), (PYTHON, 1));
    assert_eq!(snapshot.syntax().expect("a tree").root_node().byte_range(), 0..PYTHON.len());
    assert_eq!(document.text().to_string(), "yy = 1\n");
    assert_eq!(document.replace(4, ""), Ok(()));
    check_tree(&document);
}

#[test]
fn clones_share_a_parse_and_later_parses_reuse_it() {
    let text = RUST.repeat(20);
    let mut document = Document::new("a.rs", Language::from_id("rust"), 0, &text);
    let snapshot = document.clone();
    let tree = snapshot.syntax().expect("a tree");
    assert!(std::ptr::eq(tree, document.syntax().expect("a tree")));
    let before = outline(tree);

    // A node that keeps its identity was not parsed again.
    let last_item = |document: &Document| {
        let root = document.syntax().expect("a tree").root_node();
        root.child(root.child_count() as u32 - 1).expect("an item").id()
    };
    let first_body = text.find("w * h").expect("it is there");
    let edit = |text: &str| [Edit { range: first_body..first_body, text: text.to_owned() }];
    assert_eq!(document.apply(1, &edit("1 + ")), Ok(()));
    assert_eq!(last_item(&document), last_item(&snapshot));
    check_tree(&document);
    // The tree is not parsed between these two edits.
    assert_eq!(document.apply(2, &edit("2 + ")), Ok(()));
    assert_eq!(document.apply(3, &edit("3 + ")), Ok(()));
    assert_eq!(last_item(&document), last_item(&snapshot));
    check_tree(&document);

    assert_eq!(outline(snapshot.syntax().expect("a tree")), before);
    check_tree(&snapshot);
}

#[test]
fn several_threads_may_request_the_tree_while_the_text_changes() {
    let mut document = Document::new("a.py", Language::from_id("python"), 0, &PYTHON.repeat(20));
    for round in 0..8 {
        let snapshots = [(); 4].map(|()| document.clone());
        let start = Barrier::new(snapshots.len() + 1);
        let trees = thread::scope(|scope| {
            let ask = |snapshot| {
                start.wait();
                std::ptr::from_ref(Document::syntax(snapshot).expect("a tree")) as usize
            };
            let threads = snapshots.each_ref().map(|snapshot| scope.spawn(move || ask(snapshot)));
            start.wait();
            for step in 1..=50 {
                let edit = Edit { range: 0..0, text: if step % 2 == 0 { "\n" } else { "x = 1" }.to_owned() };
                assert_eq!(document.apply(round * 50 + step, &[edit]), Ok(()));
            }
            threads.map(|thread| thread.join().expect("it has not panicked"))
        });
        assert_eq!(trees, [trees[0]; 4]);
        check_tree(&snapshots[0]);
    }
    check_tree(&document);
}

#[test]
fn a_text_beyond_the_limit_has_no_tree_until_it_shrinks() {
    let mut document = Document::new("a.rs", Language::from_id("rust"), 0, "fn f() {}\n");
    let comment = format!("// {}\n", "é".repeat(MAX_TEXT_BYTES / 2));
    let insert = |text: &str| Edit { range: 0..0, text: text.to_owned() };
    let remove = || Edit { range: 0..comment.len(), text: String::new() };

    assert_eq!(document.apply(1, &[insert(&comment)]), Ok(()));
    assert!(document.syntax().is_none());
    assert_eq!(document.apply(2, &[insert("//")]), Ok(()));
    assert_eq!(document.apply(3, &[Edit { range: 0..2, text: String::new() }, remove()]), Ok(()));
    check_tree(&document);
    // The text exceeds the limit only between the edits of one notification.
    assert_eq!(document.apply(4, &[insert(&comment), remove(), insert("mod a;\n")]), Ok(()));
    assert_eq!(document.text().to_string(), "mod a;\nfn f() {}\n");
    check_tree(&document);

    assert!(Document::new("a.rs", Language::from_id("rust"), 0, &comment).syntax().is_none());
    assert!(Document::new("a.txt", Language::PLAIN, 0, "text").syntax().is_none());
}
