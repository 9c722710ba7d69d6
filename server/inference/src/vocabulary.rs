//! A model's vocabulary. It encodes text as tokens, knows the bytes of each token, and does the prompt's part of token
//! healing: a prompt ends where a token certainly ends, even if the user stopped typing in the middle of one.

use std::sync::Arc;

use fimble_completion::prompt::{Piece, Prompt};
use tokenizers::tokenizer::{OffsetReferential, OffsetType};
use tokenizers::{PreTokenizedString, PreTokenizer, Tokenizer};

/// How many bytes at the end of a prompt are searched for the start of its last pre-token. That is enough for any
/// pre-token a person types; of a longer one, only the last bytes are healed.
const LONGEST_PRE_TOKEN: usize = 128;

/// See the [module](self).
pub(crate) struct Vocabulary {
    tokenizer: Arc<Tokenizer>,
    /// The bytes of each token, indexed by token id. Empty for special tokens.
    bytes: Vec<Box<[u8]>>,
    /// All tokens that are not special, ordered by their bytes.
    text_tokens: Vec<u32>,
    /// Texts that the tokenizer turns into one token wherever they occur.
    added: Vec<String>,
    /// The tokens that the tokenizer puts before every text: a begin-of-text token, or none.
    beginning: Vec<u32>,
}

/// A prompt as tokens, up to the bytes that are healed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EncodedPrompt {
    pub(crate) tokens: Vec<u32>,
    /// The typed bytes after `tokens`. The generation has to begin with them.
    pub(crate) typed: Vec<u8>,
}

impl Vocabulary {
    /// `bytes` has one entry per token, which is empty for special tokens.
    pub(crate) fn new(tokenizer: Arc<Tokenizer>, bytes: Vec<Box<[u8]>>) -> Result<Self, String> {
        let mut text_tokens: Vec<u32> = (0u32..).zip(&bytes).filter(|(_, b)| !b.is_empty()).map(|(id, _)| id).collect();
        text_tokens.sort_by(|a, b| bytes[*a as usize].cmp(&bytes[*b as usize]));
        // Runs of white space are added tokens in some vocabularies, but they are text like any other.
        let added = tokenizer.get_added_tokens_decoder().into_values().map(|token| token.content);
        let added = added.filter(|content| !content.trim().is_empty()).collect();
        let beginning = encode(&tokenizer, "", true)?;
        Ok(Self { tokenizer, bytes, text_tokens, added, beginning })
    }

    /// The token spelled `text` in the vocabulary, special or not.
    pub(crate) fn id(&self, text: &str) -> Option<u32> {
        self.tokenizer.token_to_id(text)
    }

    /// A rare token of plain text. It ends no generation and is at least one whole character.
    pub(crate) fn filler_token(&self) -> u32 {
        let is_word = |id: &u32| self.bytes(*id).iter().all(u8::is_ascii_alphanumeric);
        self.text_tokens.iter().copied().filter(is_word).max().unwrap_or_default()
    }

    /// The number of tokens, including special ones.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The token that stands for exactly these bytes.
    pub(crate) fn token_with_bytes(&self, bytes: &[u8]) -> Option<u32> {
        let at = self.text_tokens.binary_search_by(|id| self.bytes(*id).cmp(bytes)).ok()?;
        Some(self.text_tokens[at])
    }

    /// The bytes of a token; empty for a special one.
    pub(crate) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// Encodes `text` as plain text. Where it spells a special token, it is cut after that token's first character and
    /// the two parts are encoded separately, so text never becomes a special token.
    pub(crate) fn encode(&self, mut text: &str) -> Result<Vec<u32>, String> {
        let mut tokens = Vec::new();
        while let Some(cut) = self.first_added(text) {
            tokens.extend(encode(&self.tokenizer, &text[..cut], false)?);
            text = &text[cut..];
        }
        tokens.extend(encode(&self.tokenizer, text, false)?);
        Ok(tokens)
    }

    /// Encodes a prompt up to the last place where a token certainly ends, and returns the rest of its tail as typed
    /// bytes. Without `healing`, the whole tail is encoded.
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

    /// The tokens with which a text that begins with `typed` may begin: each token that starts with `typed`, and each
    /// token that `typed` starts with.
    pub(crate) fn tokens_agreeing_with(&self, typed: &[u8]) -> Vec<u32> {
        let range = |prefix: &[u8]| {
            let from = self.text_tokens.partition_point(|id| self.bytes(*id) < prefix);
            let tokens = &self.text_tokens[from..];
            &tokens[..tokens.partition_point(|id| self.bytes(*id).starts_with(prefix))]
        };
        let mut candidates = range(typed).to_vec();
        for length in 1..typed.len() {
            let prefix = &typed[..length];
            candidates.extend(range(prefix).iter().take_while(|id| self.bytes(**id) == prefix));
        }
        candidates
    }

    /// The byte offset at which the last pre-token of `tail` begins. Further typing can change only the tokens of that
    /// pre-token, because no token crosses the border of a pre-token.
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

    /// The byte offset at which to cut `text` so that the tokenizer no longer sees the first added token in it.
    fn first_added(&self, text: &str) -> Option<usize> {
        let found = self.added.iter().filter_map(|added| Some((text.find(added)?, added)));
        let (start, added) = found.min_by_key(|(start, _)| *start)?;
        let first = added.chars().next()?;
        // An added token of one character cannot be cut, and nothing else spells it.
        (added.len() > first.len_utf8()).then_some(start + first.len_utf8())
    }
}

fn encode(tokenizer: &Tokenizer, text: &str, add_special: bool) -> Result<Vec<u32>, String> {
    let encoding = tokenizer.encode_fast(text, add_special).map_err(|error| format!("cannot tokenize: {error}"))?;
    Ok(encoding.get_ids().to_vec())
}

/// The byte offset of the last word with the spaces before it, or of the last run of other characters. Stands in for
/// the last pre-token where the tokenizer has no pre-tokenizer.
fn last_word(text: &str) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let Some(last) = text.chars().next_back() else { return 0 };
    let word = text.trim_end_matches(|c| is_word(c) == is_word(last));
    let spaces = word.trim_end_matches(' ');
    spaces.len()
}
