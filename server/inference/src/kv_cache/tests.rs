//! The cache over a backend whose logits say which tokens it believes to have evaluated.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use fimble_completion::engine::{Cancel, Priority};
use fimble_completion::foreground::Foreground;
use proptest::prelude::*;

use super::*;
use crate::backend::Evaluation;

const SEQUENCES: usize = 4;
const CAPACITY: usize = 120;

/// What the backend keeps, and how often it evaluated a token.
#[derive(Default)]
struct State {
    sequences: Vec<Vec<u32>>,
    evaluated: usize,
}

impl State {
    /// The tokens that are kept, those of a common beginning once.
    fn used(&self) -> usize {
        let beginnings = self.sequences.iter().flat_map(|tokens| (1..=tokens.len()).map(|length| &tokens[..length]));
        beginnings.collect::<HashSet<_>>().len()
    }
}

struct Fake {
    state: Rc<RefCell<State>>,
    frees_each: bool,
}

fn logits(tokens: &[u32]) -> Vec<f32> {
    vec![tokens.iter().fold(7u32, |hash, token| hash.wrapping_mul(31).wrapping_add(*token)) as f32]
}

impl Backend for Fake {
    fn max_sequences(&self) -> usize {
        SEQUENCES
    }

    fn max_logits(&self) -> usize {
        8
    }

    fn evaluate(
        &mut self,
        sequence: SequenceId,
        tokens: &[u32],
        wanted: usize,
        _purpose: Purpose,
        _interrupt: &Interrupt,
    ) -> Result<Option<Evaluation>, BackendError> {
        let mut state = self.state.borrow_mut();
        assert!(!tokens.is_empty() && wanted <= tokens.len(), "{wanted} of {tokens:?}");
        let from = state.sequences[sequence].len();
        state.sequences[sequence].extend(tokens);
        state.evaluated += tokens.len();
        let used = state.used();
        assert!(used <= CAPACITY, "{used} tokens are kept");
        let whole = &state.sequences[sequence];
        let logits = (whole.len() + 1 - wanted..=whole.len()).map(|length| logits(&whole[..length])).collect();
        Ok(Some(Evaluation { from, logits }))
    }

    fn cut(&mut self, sequence: SequenceId, length: usize) {
        self.state.borrow_mut().sequences[sequence].truncate(length);
    }

    fn fork(&mut self, from: SequenceId, length: usize, to: SequenceId) {
        let mut state = self.state.borrow_mut();
        assert!(state.sequences[to].is_empty());
        state.sequences[to] = state.sequences[from][..length].to_vec();
    }

    fn forget(&mut self, sequence: SequenceId) -> Result<(), BackendError> {
        self.state.borrow_mut().sequences[sequence].clear();
        Ok(())
    }

    fn settle(&mut self) -> Result<(), BackendError> {
        Ok(())
    }

    fn length(&self, sequence: SequenceId) -> usize {
        self.state.borrow().sequences[sequence].len()
    }

    fn frees_each_sequence(&self) -> bool {
        self.frees_each
    }

    fn parts(&self, kept: usize, length: usize, _urgency: Urgency, _limit: usize) -> Vec<usize> {
        (kept + 16..length).step_by(16).chain([length]).collect()
    }

    fn bytes(&self) -> usize {
        self.state.borrow().used()
    }

    fn bytes_after(&self, kept: usize, _parts: &[usize], length: usize) -> usize {
        self.bytes() + length.saturating_sub(kept)
    }

    fn bytes_of(&self, length: usize) -> usize {
        length
    }
}

fn cache(frees_each: bool) -> (KvCache<'static>, Rc<RefCell<State>>) {
    let state = Rc::new(RefCell::new(State { sequences: vec![Vec::new(); SEQUENCES], evaluated: 0 }));
    let mut cache = KvCache::new(Box::new(Fake { state: state.clone(), frees_each }), CAPACITY, Ablations::default());
    // The logit cache is not what is tested here, and its first node has a size.
    cache.limit += cache.logits.size();
    (cache, state)
}

fn evaluate(cache: &mut KvCache<'_>, tokens: &[u32], prompt: usize, wanted: usize) -> Outcome {
    let interrupt = Interrupt::new(Cancel::default(), Priority::Foreground, &Foreground::default(), Arc::default());
    cache.evaluate(tokens, prompt, wanted, Urgency::Foreground, &interrupt).unwrap()
}

proptest! {
    /// Whatever was evaluated before, the logits are those of exactly the tokens that were asked for, and the budget holds.
    #[test]
    fn reuse_is_exact_within_the_budget(
        frees_each in any::<bool>(),
        requests in prop::collection::vec((prop::collection::vec(0u32..3, 1..60), 1usize..5, 0usize..8), 1..60),
    ) {
        let (mut cache, _state) = cache(frees_each);
        for (tokens, wanted, answer) in requests {
            let (wanted, prompt) = (wanted.min(tokens.len()), tokens.len().saturating_sub(answer).max(1));
            let outcome = evaluate(&mut cache, &tokens, prompt, wanted);
            prop_assert!(outcome.evaluated <= prompt);
            let expected: Vec<_> =
                (tokens.len() + 1 - wanted..=tokens.len()).map(|length| logits(&tokens[..length])).collect();
            let given = outcome.logits.unwrap();
            prop_assert_eq!(&given[given.len() - wanted..], &expected[..]);
            cache.settle().unwrap();
        }
    }
}

#[test]
fn only_new_tokens_are_evaluated_after_typing_deleting_and_going_elsewhere() {
    let (mut cache, state) = cache(true);
    let mut cost = |tokens: &[u32], wanted: usize| {
        let before = state.borrow().evaluated;
        evaluate(&mut cache, tokens, tokens.len(), wanted);
        state.borrow().evaluated - before
    };
    let place: Vec<u32> = (0..30).collect();
    assert_eq!(cost(&place, 1), 30);
    // A typed token.
    assert_eq!(cost(&[&place[..], &[40]].concat(), 1), 1);
    // A place inside an earlier prompt, whose logits are asked for.
    assert_eq!(cost(&place[..20], 1), 1);
    // Another file with the same first half.
    assert_eq!(cost(&[&place[..15], &[50, 51]].concat(), 1), 2);
    // Back again.
    assert_eq!(cost(&[&place[..], &[40, 41]].concat(), 1), 1);
}

#[test]
fn the_least_recently_used_sequence_goes_first() {
    let (mut cache, state) = cache(true);
    let place = |first: u32| -> Vec<u32> { (first..first + 35).collect() };
    for first in [0, 100, 200] {
        evaluate(&mut cache, &place(first), 35, 1);
    }
    evaluate(&mut cache, &place(0), 35, 0);
    // There is no room for a fourth one.
    evaluate(&mut cache, &place(300), 35, 1);
    let kept = |first: u32| state.borrow().sequences.iter().any(|tokens| tokens.starts_with(&place(first)));
    assert_eq!([kept(0), kept(100), kept(200), kept(300)], [true, false, true, true]);
}
