//! What was suggested a moment ago, so that typing along a suggestion, or going back into it, needs no engine.

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

/// How much text before and after the cursor, in bytes, must be the same for a suggestion to hold.
const BYTES_BEFORE: usize = 4096;
const BYTES_AFTER: usize = 2048;

/// Least recently used suggestions, found by the text around the cursor. It belongs to one model: clear it when the
/// model changes.
pub struct SuggestionCache {
    suggestions: LruCache<Key, Cached>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    document: String,
    offset: usize,
    /// Digests of the text before and after the cursor.
    before: u64,
    after: u64,
    settings: CompletionSettings,
    /// Answers of several models are kept side by side; the one used last is tried first.
    model: Arc<ModelId>,
}

struct Cached {
    answer: CachedAnswer,
    origin: Origin,
}

/// What came of asking the model.
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

/// Why there was a suggestion to cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was asked for.
    Request,
    /// The engine worked ahead.
    Prefetch,
}

/// How a suggestion was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// The user has typed some of it.
    TypedThrough,
    /// The cursor is again where it was suggested.
    Returned,
    /// It was prepared before anybody asked.
    Prefetched,
}

impl SuggestionCache {
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self { suggestions: LruCache::new(capacity) }
    }

    /// What is left of an earlier answer after the text typed since, if the text around is otherwise unchanged but for
    /// brackets and quotes that the editor has closed. There may be nothing to show of it; where nothing is known, the
    /// model has to be asked.
    pub fn get(
        &mut self,
        document: &Document,
        offset: usize,
        settings: &CompletionSettings,
    ) -> Option<(Option<Suggestion>, Hit)> {
        let text = document.text();
        let closers =
            text.byte_slice(offset..).chars().take(MAX_AUTO_CLOSED).take_while(|character| is_auto_closed(*character));
        // They are one byte each.
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
                // What the editor has closed is not told from what the model said, so it is asked again.
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

    /// Remembers what came of [`crate::complete::complete`] at `offset`.
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

/// Bytes one by one, since equal texts may be cut into different chunks.
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

    /// What is suggested at `now` after `text` was suggested at `then`.
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
    fn typing_along_leaves_the_rest() {
        assert_eq!(check("a = $0\nb", "foo(1)", "a = $0\nb").as_deref(), Some("foo(1)"));
        assert_eq!(check("a = $0\nb", "foo(1)", "a = fo$0\nb").as_deref(), Some("o(1)"));
        assert_eq!(check("a:$0\nb", "\n  1\n  2", "a:\n  1\n$0\nb").as_deref(), Some("  2"));
        assert_eq!(check("a = $0", "é😀", "a = é$0").as_deref(), Some("😀"));
    }

    #[test]
    fn what_the_editor_has_closed_is_not_suggested_again() {
        assert_eq!(check("a = $0\nb", "foo(1, 2);", "a = foo($0)\nb").as_deref(), Some("1, 2"));
        assert_eq!(check("a = $0\nb", "foo(\"x\");", "a = foo(\"$0\")\nb").as_deref(), Some("x"));
        assert_eq!(check("a = $0\nb", "foo();", "a = foo($0)\nb"), None);
        assert_eq!(check("a = $0\nb", "foo();", "a = foo()$0\nb").as_deref(), Some(";"));
    }

    #[test]
    fn a_hit_says_how_it_came_about() {
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
    fn anything_else_is_a_miss() {
        assert_eq!(check("a = $0\nb", "foo(1)", "a = fa$0\nb"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "a = foo(1)$0\nb"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "c = fo$0\nb"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "a = fo$0\nc"), None);
        assert_eq!(check("a = $0\nb", "foo(1)", "a =$0\nb"), None);
        assert_eq!(check("a = $0", "é😀", "a = 1é$0"), None);
    }

    #[test]
    fn other_settings_are_another_place() {
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
