//! How often drafts are right, by how they were found.

/// The lengths at which a match counts as surer.
const LENGTHS: [usize; 5] = [2, 3, 5, 8, 13];

/// Old drafts count less: from this many tokens on, a new one replaces an old one.
const MEMORY: f64 = 64.0;

/// A guess before there is experience counts like this many tokens.
const PRIOR: f64 = 6.0;

/// See the [module](self).
pub(super) struct Odds([Rate; LENGTHS.len() + 2]);

#[derive(Clone, Copy)]
struct Rate {
    right: f64,
    all: f64,
}

impl Default for Odds {
    fn default() -> Self {
        // A longer match is more often right.
        let guesses = [0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.5];
        Self(guesses.map(|guess| Rate { right: guess * PRIOR, all: PRIOR }))
    }
}

impl Odds {
    /// The kind of a draft from the n-gram table.
    pub(super) const TABLE: usize = LENGTHS.len() + 1;

    /// The kind of a draft that follows a match of `length` tokens.
    pub(super) fn kind_of_match(length: usize) -> usize {
        LENGTHS.iter().filter(|border| length >= **border).count()
    }

    /// The probability that one more token of such a draft is right.
    pub(super) fn of(&self, kind: usize) -> f64 {
        self.0[kind].right / self.0[kind].all
    }

    /// Learns from drafts of this kind: `right` of `tried` tokens were right. The tokens after a wrong one were not tried.
    pub(super) fn note(&mut self, kind: usize, tried: usize, right: usize) {
        let rate = &mut self.0[kind];
        rate.right += right as f64;
        rate.all += tried as f64;
        let excess = (rate.all / MEMORY).max(1.0);
        rate.right /= excess;
        rate.all /= excess;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_follow_experience() {
        let mut odds = Odds::default();
        let kind = Odds::kind_of_match(6);
        let before = odds.of(kind);
        (0..50).for_each(|_| odds.note(kind, 3, 3));
        assert!(odds.of(kind) > 0.9 && odds.of(kind) > before);
        (0..100).for_each(|_| odds.note(kind, 1, 0));
        assert!(odds.of(kind) < 0.3);
        assert!(odds.of(Odds::kind_of_match(1)) < odds.of(Odds::kind_of_match(20)));
    }
}
