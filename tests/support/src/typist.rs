//! A simulated user. The editor closes brackets and quotes and indents new lines; the user mistypes, corrects that, and
//! accepts suggestions or words of them.

use serde_json::{Value, json};

use crate::client::{TestClient, inline_params};

/// A user with one file open. See the [module](self).
pub struct Typist {
    uri: String,
    version: i32,
    /// The file's text as the editor has it.
    pub text: String,
    /// An offset in `text`, in bytes.
    pub cursor: usize,
    /// The suggestion at the cursor.
    shown: Option<String>,
    slip: Option<Slip>,
    random: Random,
}

/// A mistake that the next key corrects.
enum Slip {
    /// The user typed a letter too many.
    Extra,
    /// The user deleted a letter that belongs there.
    Missing(String),
}

/// Pseudo-random numbers, the same in every run.
pub struct Random(pub u64);

impl Random {
    /// A number from 0 to `bound - 1`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % bound
    }
}

impl Typist {
    /// Opens a file with the cursor at byte `cursor`.
    pub async fn open(client: &mut TestClient, uri: &str, text: &str, cursor: usize, seed: u64) -> Self {
        client.open(uri, text).await;
        let (uri, text, random) = (uri.to_owned(), text.to_owned(), Random(seed));
        Self { uri, version: 1, text, cursor, shown: None, slip: None, random }
    }

    /// Presses one key towards typing `target`, and requests a suggestion. Returns the rest of `target`, which is all of it
    /// after a slip, a correction or an accepted suggestion.
    pub async fn press<'a>(&mut self, client: &mut TestClient, target: &'a str) -> &'a str {
        let next = target.chars().next().expect("there is something to type");
        let left = match (self.random.below(20), self.shown.take()) {
            _ if self.slip.is_some() => {
                match self.slip.take() {
                    Some(Slip::Extra) => self.delete_before(client).await,
                    Some(Slip::Missing(letter)) => self.insert(client, &letter, "").await,
                    None => {}
                }
                target
            }
            (0, _) => {
                self.insert(client, "~", "").await;
                self.slip = Some(Slip::Extra);
                target
            }
            (1, _) if self.text[..self.cursor].ends_with(char::is_alphanumeric) => {
                let letter = self.text[..self.cursor].chars().next_back().expect("a letter").to_string();
                self.delete_before(client).await;
                self.slip = Some(Slip::Missing(letter));
                target
            }
            (2, Some(shown)) => {
                self.insert(client, &shown, "").await;
                target
            }
            (3, Some(shown)) => {
                let word =
                    shown.char_indices().skip(1).find(|(_, c)| !c.is_alphanumeric()).map_or(shown.len(), |(at, _)| at);
                self.insert(client, &shown[..word], "").await;
                target
            }
            _ => {
                self.type_key(client, next).await;
                &target[next.len_utf8()..]
            }
        };
        self.ask(client).await;
        left
    }

    /// Moves the cursor to the end of some line.
    pub fn jump(&mut self) {
        let ends: Vec<usize> = self.text.match_indices('\n').map(|(end, _)| end).collect();
        if !ends.is_empty() {
            (self.shown, self.slip) = (None, None);
            self.cursor = ends[self.random.below(ends.len())];
        }
    }

    async fn type_key(&mut self, client: &mut TestClient, key: char) {
        let closes_itself = matches!(key, ')' | ']' | '}' | '"');
        if closes_itself && self.text[self.cursor..].starts_with(key) {
            self.cursor += 1;
            return;
        }
        match key {
            '(' => self.insert(client, "(", ")").await,
            '[' => self.insert(client, "[", "]").await,
            '{' => self.insert(client, "{", "}").await,
            '"' => self.insert(client, "\"", "\"").await,
            '\n' => {
                let start = self.text[..self.cursor].rfind('\n').map_or(0, |line_break| line_break + 1);
                let line = &self.text[start..self.cursor];
                let indent = &line[..line.len() - line.trim_start_matches(' ').len()];
                let is_opened = line.ends_with('{') && self.text[self.cursor..].starts_with('}');
                let (typed, closed) = if is_opened {
                    (format!("\n{indent}    "), format!("\n{indent}"))
                } else {
                    (format!("\n{indent}"), String::new())
                };
                self.insert(client, &typed, &closed).await;
            }
            key => self.insert(client, &key.to_string(), "").await,
        }
    }

    /// Inserts `typed` before the cursor and `closed` after it.
    async fn insert(&mut self, client: &mut TestClient, typed: &str, closed: &str) {
        self.replace(client, self.cursor, &format!("{typed}{closed}")).await;
        self.cursor += typed.len();
    }

    async fn delete_before(&mut self, client: &mut TestClient) {
        let start = self.text[..self.cursor].char_indices().next_back().map_or(0, |(start, _)| start);
        let end = std::mem::replace(&mut self.cursor, start);
        self.replace(client, end, "").await;
    }

    /// Replaces the text between the cursor and `end` by `new`.
    async fn replace(&mut self, client: &mut TestClient, end: usize, new: &str) {
        let range = json!({"start": self.position(self.cursor), "end": self.position(end)});
        self.version += 1;
        client.change(&self.uri, self.version, json!({"range": range, "text": new})).await;
        self.text.replace_range(self.cursor..end, new);
    }

    async fn ask(&mut self, client: &mut TestClient) {
        let place = self.position(self.cursor);
        let params = inline_params(&self.uri, place["line"].as_i64().expect("a line"), 0);
        let params = json!({"position": place, "textDocument": params["textDocument"], "context": params["context"]});
        let id = client.request("textDocument/inlineCompletion", params).await;
        self.shown = Some(client.suggestion(id).await).filter(|shown| !shown.is_empty());
    }

    fn position(&self, offset: usize) -> Value {
        let before = &self.text[..offset];
        let start = before.rfind('\n').map_or(0, |line_break| line_break + 1);
        json!({"line": before.matches('\n').count(), "character": before[start..].encode_utf16().count()})
    }
}

/// Files from the held-out quality cases. Each is a text, the offset of a gap in it, and the text that belongs in the gap.
pub fn stretches(count: usize) -> Vec<(String, usize, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../quality/");
    let files = ["rust-multi-line", "python-multi-line", "rust-single-line", "python-single-line"];
    let cases =
        files.map(|name| std::fs::read_to_string(format!("{folder}{name}.jsonl")).expect("the cases are there"));
    let mut stretches = Vec::new();
    for number in 0..count {
        let case = cases[number % cases.len()].lines().nth(number / cases.len()).expect("there are hundreds of cases");
        let case: Value = serde_json::from_str(case).expect("a case is JSON");
        let part = |name: &str| case[name].as_str().expect("a text");
        let (prompt, solution) = (part("prompt"), part("canonical_solution"));
        // The user also types the four lines before the gap.
        let starts: Vec<usize> = prompt.match_indices('\n').map(|(at, _)| at + 1).collect();
        let start = starts.iter().rev().nth(4).copied().unwrap_or(0);
        let typed = format!("{}{solution}", &prompt[start..]);
        stretches.push((format!("{}{}", &prompt[..start], part("suffix")), start, typed));
    }
    stretches
}
