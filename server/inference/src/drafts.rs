//! Proposes draft tokens, which the model verifies several at a time in one step (Leviathan et al. 2023, with sources that cost
//! nothing instead of a draft model).
//!
//! A draft is what followed the same tokens in a recent answer, in the prompt, or in another sequence that the KV cache keeps.
//! Without such a match, it is what the n-gram table says. Its length follows from how often drafts of this kind were right,
//! and from what steps of each length cost on this machine at this time.

mod cost;
mod matches;
mod odds;

use std::collections::VecDeque;
use std::time::Duration;

use self::cost::StepCost;
use self::matches::longest_match;
use self::odds::Odds;
use crate::decoder::Decoder;
use crate::kv_cache::KvCache;
use crate::ngrams::Mixture;

/// How many answers are remembered, with the tokens before them.
const ANSWERS: usize = 32;

/// How many tokens before an answer are remembered with it.
const BEFORE_ANSWER: usize = 16;

/// The most tokens in a draft.
const LONGEST: usize = 15;

/// See the [module](self).
pub(crate) struct Drafter {
    /// `false` in a measurement without drafts.
    is_on: bool,
    /// The latest last.
    answers: VecDeque<Vec<u32>>,
    odds: Odds,
    cost: StepCost,
    /// The kind and the tokens of the latest draft, as long as it could have been.
    candidate: (usize, Vec<u32>),
}

impl Drafter {
    pub(crate) fn new(is_on: bool) -> Self {
        Self {
            is_on,
            answers: VecDeque::new(),
            odds: Odds::default(),
            cost: StepCost::default(),
            candidate: Default::default(),
        }
    }

    /// The tokens that will probably follow `tokens`, as many as are worth verifying.
    pub(crate) fn draft(
        &mut self,
        tokens: &[u32],
        decoder: &Decoder,
        cache: &KvCache<'_>,
        mixture: Option<&Mixture>,
    ) -> Vec<u32> {
        self.candidate.1.clear();
        let most = cache.max_drafts().min(LONGEST);
        if !self.is_on || most == 0 || decoder.is_healing() {
            return Vec::new();
        }
        let answers = self.answers.iter().rev().map(|answer| &**answer);
        let texts = answers.chain([tokens]).chain(cache.texts());
        let found = longest_match(tokens, texts, most);
        let (kind, mut draft) = match (found, mixture) {
            (Some(found), _) => (Odds::kind_of_match(found.length), found.next.to_vec()),
            (None, Some(mixture)) => (Odds::TABLE, mixture.likely(tokens, most)),
            (None, None) => return Vec::new(),
        };
        draft.truncate(decoder.takes(&draft));
        self.candidate = (kind, draft.clone());
        draft.truncate(self.cost.best_length(self.odds.of(kind), draft.len()));
        draft
    }

    /// Notes what was chosen in the latest step. It shows how good its draft was, or would have been.
    pub(crate) fn note_chosen(&mut self, chosen: &[u32]) {
        let (kind, candidate) = &self.candidate;
        let right = candidate.iter().zip(chosen).take_while(|(drafted, chosen)| drafted == chosen).count();
        let tried = candidate.len().min(chosen.len()).min(right + 1);
        self.odds.note(*kind, tried, right);
    }

    /// Notes what a step of this many tokens took.
    pub(crate) fn note_cost(&mut self, tokens: usize, time: Duration) {
        self.cost.note(tokens, time);
    }

    /// Remembers an answer, which follows the first `prompt` tokens.
    pub(crate) fn note_answer(&mut self, tokens: &[u32], prompt: usize) {
        let prompt = prompt.min(tokens.len());
        if tokens.len() <= prompt + 1 {
            return;
        }
        let answer = &tokens[prompt.saturating_sub(BEFORE_ANSWER)..];
        self.answers.retain(|other| other != answer);
        self.answers.push_back(answer.to_vec());
        if self.answers.len() > ANSWERS {
            self.answers.pop_front();
        }
    }
}
