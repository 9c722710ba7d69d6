//! Recent suggestions. When a user types along a suggestion, or moves back into it, the cache answers without the
//! engine.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use ropey::RopeSlice;

use crate::brackets::{MAX_AUTO_CLOSED, is_auto_closed};
use crate::document::Document;
use crate::engine::ModelId;
use crate::plan::Plan;
use crate::settings::CompletionSettings;
use crate::suggestion::postprocess::without_suffix_overlap;
use crate::suggestion::{Reason, Suggestion, Suppressed};

/// How many bytes before and after the cursor must be unchanged for a suggestion to be valid.
const BYTES_BEFORE: usize = 4096;
const BYTES_AFTER: usize = 2048;

/// The least recently used suggestions are dropped first. Suggestions are found by the text around the cursor, and only
/// with the same settings.
pub struct SuggestionCache {
    suggestions: LruCache<Key, Cached>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    document: String,
    offset: usize,
    /// Hashes of the text before and after the cursor.
    before: u64,
    after: u64,
    settings: CompletionSettings,
    /// Answers of several models can be cached for one position. The most recently used answer is tried first.
    model: Arc<ModelId>,
}

struct Cached {
    answer: CachedAnswer,
    origin: Origin,
}

/// The answer of the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum CachedAnswer {
    Suggested(Suggestion),
    Suppressed(Suppressed),
}

impl CachedAnswer {
    fn text(&self) -> &str {
        match self {
            Self::Suggested(suggestion) => &suggestion.text,
            Self::Suppressed(suppressed) => &suppressed.text,
        }
    }

    fn model(&self) -> &Arc<ModelId> {
        match self {
            Self::Suggested(suggestion) => &suggestion.model,
            Self::Suppressed(suppressed) => &suppressed.model,
        }
    }
}

/// Why the suggestion was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A user requested it.
    Request,
    /// The engine prefetched it.
    Prefetch,
}

/// How a suggestion was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// The user typed a part of it.
    TypedThrough,
    /// The cursor is back at the position of the suggestion.
    Returned,
    /// It was prefetched, and this is its first use.
    Prefetched,
}

impl SuggestionCache {
    /// Creates a cache for `capacity` answers.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { suggestions: LruCache::new(capacity) }
    }

    /// The rest of an earlier answer after the text typed since then. The text around the cursor must be unchanged,
    /// except for brackets and quotes that the editor inserted. Returns `Some((None, _))` if the answer is known and
    /// there is nothing to show, and `None` if the engine has to be asked.
    pub fn get(
        &mut self,
        document: &Document,
        offset: usize,
        settings: &CompletionSettings,
    ) -> Option<(Option<Suggestion>, Hit)> {
        let text = document.text();
        let closers =
            text.byte_slice(offset..).chars().take(MAX_AUTO_CLOSED).take_while(|character| is_auto_closed(*character));
        // These characters are one byte each.
        let after: Vec<u64> =
            (0..=closers.count()).map(|closers| digest_after(text.byte_slice(offset + closers..))).collect();
        let (key, suggestion, hit) = self.suggestions.iter().find_map(|(key, cached)| {
            let cached_text = cached.answer.text();
            let may_hold = key.document == document.name()
                && key.settings == *settings
                && key.offset <= offset
                && (offset < key.offset + cached_text.len() || (offset == key.offset && cached_text.is_empty()));
            let closers = after.iter().position(|digest| *digest == key.after).filter(|_| may_hold)?;
            if text.try_byte_to_char(key.offset).is_err() {
                return None;
            }
            let typed = text.get_byte_slice(key.offset..offset)?;
            let rest = cached_text.get(typed.len_bytes()..)?;
            let holds = typed == cached_text[..typed.len_bytes()]
                && key.before == digest_before(text.get_byte_slice(..key.offset)?);
            let rest = if closers > 0 {
                without_suffix_overlap(rest, &Plan::of_line(document, offset, settings.ablations))
            } else {
                rest
            };
            let hit = match (cached.origin, typed.len_bytes()) {
                (_, 1..) => Hit::TypedThrough,
                (Origin::Request, 0) => Hit::Returned,
                (Origin::Prefetch, 0) => Hit::Prefetched,
            };
            let suggestion = match &cached.answer {
                _ if !holds => return None,
                CachedAnswer::Suggested(_) if rest.is_empty() => return None,
                CachedAnswer::Suggested(suggestion) => Some(Suggestion { text: rest.to_owned(), ..suggestion.clone() }),
                // A suppressed answer may differ after the editor closed a bracket, so the engine is asked again.
                CachedAnswer::Suppressed(_) if closers > 0 => return None,
                CachedAnswer::Suppressed(suppressed)
                    if suppressed.reason == Reason::Unfinished && hit == Hit::TypedThrough =>
                {
                    return None;
                }
                CachedAnswer::Suppressed(suppressed) => suppressed.after(typed.len_bytes(), settings),
            };
            Some((key.clone(), suggestion, hit))
        })?;
        self.suggestions.promote(&key);
        Some((suggestion, hit))
    }

    /// Stores the result of [`crate::complete::complete`] at `offset`.
    pub fn insert(
        &mut self,
        document: &Document,
        offset: usize,
        settings: &CompletionSettings,
        answer: CachedAnswer,
        origin: Origin,
    ) {
        let text = document.text();
        let key = Key {
            document: document.name().to_owned(),
            offset,
            before: digest_before(text.byte_slice(..offset)),
            after: digest_after(text.byte_slice(offset..)),
            settings: settings.clone(),
            model: answer.model().clone(),
        };
        self.suggestions.put(key, Cached { answer, origin });
    }

    /// Drops all answers.
    pub fn clear(&mut self) {
        self.suggestions.clear();
    }
}

fn digest_before(text: RopeSlice<'_>) -> u64 {
    let start = text.len_bytes().saturating_sub(BYTES_BEFORE);
    digest(text.byte_slice(text.char_to_byte(text.byte_to_char(start))..))
}

fn digest_after(text: RopeSlice<'_>) -> u64 {
    let end = text.len_bytes().min(BYTES_AFTER);
    digest(text.byte_slice(..text.char_to_byte(text.byte_to_char(end))))
}

/// Hashes byte by byte, because equal texts may be split into different chunks.
fn digest(text: RopeSlice<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.bytes().for_each(|byte| byte.hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::settings::Multiline;

    fn document(fixture: &str) -> (Document, usize) {
        let offset = fixture.find("$0").expect("the fixture has a cursor");
        (Document::new("test", Language::PLAIN, 0, &fixture.replacen("$0", "", 1)), offset)
    }

    fn suggestion(text: &str) -> Suggestion {
        Suggestion { text: text.to_owned(), confidence: 0.5, is_cut: false, model: Arc::new("m".to_owned().into()) }
    }

    /// The suggestion at the cursor of `now`, after `text` was suggested at the cursor of `then`.
    fn check(then: &str, text: &str, now: &str) -> Option<String> {
        let mut cache = SuggestionCache::new(NonZeroUsize::MIN);
        let (before, offset) = document(then);
        let suggestion = suggestion(text);
        cache.insert(
            &before,
            offset,
            &CompletionSettings::default(),
            CachedAnswer::Suggested(suggestion),
            Origin::Request,
        );
        let (now, offset) = document(now);
        cache.get(&now, offset, &CompletionSettings::default())?.0.map(|suggestion| suggestion.text)
    }

    #[test]
    fn typing_along_a_suggestion_returns_the_rest() {
        assert_eq!(check("a = $0\nb", "foo(1)", "a = $0\nb").as_deref(), Some("foo(1)"));
        assert_eq!(check("a = $0\nb", "foo(1)", "a = fo$0\nb").as_deref(), Some("o(1)"));
        assert_eq!(check("a:$0\nb", "\n  1\n  2", "a:\n  1\n$0\nb").as_deref(), Some("  2"));
        assert_eq!(check("a = $0", "é😀", "a = é$0").as_deref(), Some("😀"));
    }

    #[test]
    fn auto_closed_brackets_are_not_suggested_again() {
        assert_eq!(check("a = $0\nb", "foo(1, 2);", "a = foo($0)\nb").as_deref(), Some("1, 2"));
        assert_eq!(check("a = $0\nb", "foo(\"x\");", "a = foo(\"$0\")\nb").as_deref(), Some("x"));
        assert_eq!(check("a = $0\nb", "foo();", "a = foo($0)\nb"), None);
        assert_eq!(check("a = $0\nb", "foo();", "a = foo()$0\nb").as_deref(), Some(";"));
    }

    #[test]
    fn a_hit_tells_how_the_suggestion_was_found() {
        let mut cache = SuggestionCache::new(NonZeroUsize::MIN);
        let (then, offset) = document("a = $0");
        let suggestion = suggestion("foo");
        let (now, typed) = document("a = f$0");
        for (origin, again) in [(Origin::Request, Hit::Returned), (Origin::Prefetch, Hit::Prefetched)] {
            let suggestion = Suggestion { is_cut: true, ..suggestion.clone() };
            cache.insert(
                &then,
                offset,
                &CompletionSettings::default(),
                CachedAnswer::Suggested(suggestion.clone()),
                origin,
            );
            assert_eq!(
                cache.get(&then, offset, &CompletionSettings::default()),
                Some((Some(suggestion.clone()), again))
            );
            assert_eq!(
                cache.get(&now, typed, &CompletionSettings::default()).map(|(_, hit)| hit),
                Some(Hit::TypedThrough)
            );
        }
    }

    #[test]
    fn other_text_is_a_miss() {
        assert_eq!(check("a = $0\nb", "foo(1)", "a = fa$0\nb"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "a = foo(1)$0\nb"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "c = fo$0\nb"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "a = fo$0\nc"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "a =$0\nb"), None);
        assert_eq!(check("a = $0", "é😀", "a = 1é$0"), None);
    }

    #[test]
    fn other_settings_are_a_miss() {
        let mut cache = SuggestionCache::new(NonZeroUsize::MIN);
        let (document, offset) = document("a = $0");
        let suggestion = suggestion("1");
        cache.insert(
            &document,
            offset,
            &CompletionSettings::default(),
            CachedAnswer::Suggested(suggestion),
            Origin::Request,
        );
        let other = CompletionSettings { multiline: Multiline::Never, ..CompletionSettings::default() };
        assert_eq!(cache.get(&document, offset, &other), None);
        cache.clear();
        assert_eq!(cache.get(&document, offset, &CompletionSettings::default()), None);
    }
}
