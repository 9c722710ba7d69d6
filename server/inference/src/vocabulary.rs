//! A model's vocabulary: text to tokens and back to bytes, and the token healing that makes a prompt end where tokens
//! end, although the user's typing does not.

use std::sync::Arc;

use fimble_completion::prompt::{Piece, Prompt};
use mistralrs::core::Pipeline;
use tokenizers::tokenizer::{OffsetReferential, OffsetType};
use tokenizers::{PreTokenizedString, PreTokenizer, Tokenizer};

/// Enough for any pre-token a person types; a longer one is healed in its last part only.
const LONGEST_PRE_TOKEN: usize = 128;

pub(crate) struct Vocabulary {
    tokenizer: Arc<Tokenizer>,
    /// The bytes of each token; none for special tokens.
    bytes: Vec<Box<[u8]>>,
    /// Ordinary tokens, ordered by their bytes.
    ordinary: Vec<u32>,
    /// Texts that the tokenizer turns into one token wherever they occur.
    added: Vec<String>,
    /// What the tokenizer puts before every text (a begin-of-text token, or nothing).
    beginning: Vec<u32>,
}

/// A prompt in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodedPrompt {
    pub(crate) tokens: Vec<u32>,
    /// Typed bytes after `tokens`, with which the generation has to begin.
    pub(crate) typed: Vec<u8>,
}

impl Vocabulary {
    pub(crate) fn new(pipeline: &dyn Pipeline) -> Result<Self, String> {
        let tokenizer = pipeline.tokenizer().ok_or("it has no tokenizer")?;
        let token_bytes = pipeline.get_metadata().tok_env().ok_or("its tokenizer cannot be read token by token")?;
        let trie = token_bytes.tok_trie();
        let size = u32::try_from(trie.vocab_size()).map_err(|_| "its vocabulary is too large")?;
        let bytes: Vec<Box<[u8]>> = (0..size)
            .map(|id| if trie.is_special_token(id) { Box::default() } else { trie.token(id).into() })
            .collect();
        let mut ordinary: Vec<u32> = (0..size).filter(|id| !bytes[*id as usize].is_empty()).collect();
        ordinary.sort_by(|a, b| bytes[*a as usize].cmp(&bytes[*b as usize]));
        // White space that was added as tokens is ordinary text all the same.
        let added = tokenizer.get_added_tokens_decoder().into_values().map(|token| token.content);
        let added = added.filter(|content| !content.trim().is_empty()).collect();
        let beginning = encode(&tokenizer, "", true)?;
        Ok(Self { tokenizer, bytes, ordinary, added, beginning })
    }

    /// The token spelled `text` in the vocabulary, special or not.
    pub(crate) fn id(&self, text: &str) -> Option<u32> {
        self.tokenizer.token_to_id(text)
    }

    /// A token of ordinary text, which ends nothing and is a whole character at least; a rare one.
    pub(crate) fn ordinary(&self) -> u32 {
        let is_word = |id: &u32| self.bytes(*id).iter().all(u8::is_ascii_alphanumeric);
        self.ordinary.iter().copied().filter(is_word).max().unwrap_or_default()
    }

    /// How many tokens there are, special ones among them.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The ordinary token that stands for these bytes.
    pub(crate) fn spelled(&self, bytes: &[u8]) -> Option<u32> {
        let at = self.ordinary.binary_search_by(|id| self.bytes(*id).cmp(bytes)).ok()?;
        Some(self.ordinary[at])
    }

    /// Empty for a special token.
    pub(crate) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// Encodes `text` as ordinary text, also where it spells a special token: there it is cut after the first
    /// character, and the halves are encoded apart.
    pub(crate) fn encode(&self, mut text: &str) -> Result<Vec<u32>, String> {
        let mut tokens = Vec::new();
        while let Some(cut) = self.first_added(text) {
            tokens.extend(encode(&self.tokenizer, &text[..cut], false)?);
            text = &text[cut..];
        }
        tokens.extend(encode(&self.tokenizer, text, false)?);
        Ok(tokens)
    }

    /// Encodes a prompt up to the last place where a token certainly ends; the rest of the tail is left as bytes. Without
    /// `healing` nothing is left.
    pub(crate) fn encode_prompt(&self, prompt: &Prompt, healing: bool) -> Result<EncodedPrompt, String> {
        let mut tokens = self.beginning.clone();
        for piece in &prompt.pieces {
            match piece {
                Piece::Special(token) => {
                    tokens.push(self.id(token).ok_or_else(|| format!("the vocabulary has no token `{token}`"))?);
                }
                Piece::Text(text) => tokens.extend(self.encode(text)?),
            }
        }
        let end = if healing { self.last_pre_token(&prompt.tail) } else { prompt.tail.len() };
        let (settled, typed) = prompt.tail.split_at(end);
        tokens.extend(self.encode(settled)?);
        Ok(EncodedPrompt { tokens, typed: typed.as_bytes().to_vec() })
    }

    /// The tokens that a text beginning with `typed` may begin with: those that begin with `typed`, and those that
    /// `typed` waiting with.
    pub(crate) fn beginning_with(&self, typed: &[u8]) -> Vec<u32> {
        let range = |prefix: &[u8]| {
            let from = self.ordinary.partition_point(|id| self.bytes(*id) < prefix);
            let tokens = &self.ordinary[from..];
            &tokens[..tokens.partition_point(|id| self.bytes(*id).starts_with(prefix))]
        };
        let mut candidates = range(typed).to_vec();
        for length in 1..typed.len() {
            let prefix = &typed[..length];
            candidates.extend(range(prefix).iter().take_while(|id| self.bytes(**id) == prefix));
        }
        candidates
    }

    /// Where the last pre-token of `tail` waiting: what the user goes on typing may still change its tokens, and no
    /// others, because tokens never reach across a pre-token's border.
    fn last_pre_token(&self, tail: &str) -> usize {
        let mut window = tail.len().saturating_sub(LONGEST_PRE_TOKEN);
        while !tail.is_char_boundary(window) {
            window += 1;
        }
        let end = &tail[window..];
        let mut pre_tokenized = PreTokenizedString::from(end);
        let split = self.tokenizer.get_pre_tokenizer().is_some_and(|it| it.pre_tokenize(&mut pre_tokenized).is_ok());
        let start = if split {
            let splits = pre_tokenized.get_splits(OffsetReferential::Original, OffsetType::Byte);
            splits.last().map_or(0, |(_, (start, _), _)| *start)
        } else {
            last_word(end)
        };
        window + start
    }

    /// Where to cut `text` so that the first added token in it is no longer seen as one.
    fn first_added(&self, text: &str) -> Option<usize> {
        let found = self.added.iter().filter_map(|added| Some((text.find(added)?, added)));
        let (start, added) = found.min_by_key(|(start, _)| *start)?;
        let first = added.chars().next()?;
        // A text of one character cannot be cut; there is no other way to spell it.
        (added.len() > first.len_utf8()).then_some(start + first.len_utf8())
    }
}

fn encode(tokenizer: &Tokenizer, text: &str, add_special: bool) -> Result<Vec<u32>, String> {
    let encoding = tokenizer.encode_fast(text, add_special).map_err(|error| format!("cannot tokenize: {error}"))?;
    Ok(encoding.get_ids().to_vec())
}

/// For tokenizers without pre-tokens: the last word with the space before it, or the last run of other characters.
fn last_word(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let Some(last) = text.chars().next_back() else { return 0 };
    let word = text.trim_end_matches(|c| is_word(c) == is_word(last));
    let spaces = word.trim_end_matches(' ');
    spaces.len()
}
