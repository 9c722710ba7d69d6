//! What a step costs, by the number of tokens that it evaluates.

use std::time::Duration;

/// Steps of more tokens are not measured.
const LONGEST: usize = 16;

/// How much a new measurement counts against those before it. What else runs on the machine changes within seconds.
const NEW: f64 = 0.2;

/// Before it is measured, each token after the first is assumed to cost this share of a step with one token. Measured on two
/// cores with AVX2: 0.5 for the second token, and 0.3 to 0.7 for each of the next six.
const ASSUMED_SHARE: f64 = 0.5;

/// A draft has to be this much better than none, since its costs are estimates.
const MARGIN: f64 = 1.05;

/// See the [module](self).
#[derive(Default)]
pub(super) struct StepCost {
    /// Seconds of a step with one token.
    one: Option<f64>,
    /// By number of tokens, the cost in units of a step with one token. The first two entries are not used.
    relative: [Option<f64>; LONGEST + 1],
}

impl StepCost {
    pub(super) fn note(&mut self, tokens: usize, time: Duration) {
        let seconds = time.as_secs_f64();
        match (tokens, self.one) {
            (1, one) => self.one = Some(averaged(one, seconds)),
            (2..=LONGEST, Some(one)) if one > 0.0 => {
                self.relative[tokens] = Some(averaged(self.relative[tokens], seconds / one));
            }
            _ => {}
        }
    }

    /// The number of draft tokens, up to `most`, that gives the most tokens per second if each is right with probability
    /// `odds`, given that those before it are.
    pub(super) fn best_length(&self, odds: f64, most: usize) -> usize {
        let (mut best, mut best_rate) = (0, MARGIN);
        let (mut expected, mut all_right) = (1.0, 1.0);
        for length in 1..=most.min(LONGEST - 1) {
            all_right *= odds;
            expected += all_right;
            let rate = expected / self.relative(1 + length);
            if rate > best_rate {
                (best, best_rate) = (length, rate);
            }
        }
        best
    }

    /// The cost of a step in units of a step with one token. Between and beyond measured lengths, it is interpolated.
    fn relative(&self, tokens: usize) -> f64 {
        let measured = |length: &usize| self.relative[*length].map(|cost| (*length as f64, cost));
        let below = (2..=tokens).rev().find_map(|length| measured(&length)).unwrap_or((1.0, 1.0));
        let above = (tokens..=LONGEST).find_map(|length| measured(&length));
        let at = tokens as f64;
        match above {
            Some(above) if above.0 > below.0 => below.1 + (above.1 - below.1) * (at - below.0) / (above.0 - below.0),
            _ => below.1 + ASSUMED_SHARE * (at - below.0),
        }
    }
}

fn averaged(before: Option<f64>, now: f64) -> f64 {
    before.map_or(now, |before| before + NEW * (now - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(costs: &[(usize, u64)]) -> StepCost {
        let mut cost = StepCost::default();
        for (tokens, ms) in costs {
            cost.note(*tokens, Duration::from_millis(*ms));
        }
        cost
    }

    #[test]
    fn a_draft_is_as_long_as_pays() {
        // Two cores with AVX2, and a model of 0.5B parameters.
        let two_cores = measured(&[(1, 29), (2, 44), (4, 69), (8, 105)]);
        assert_eq!(two_cores.best_length(0.4, 7), 0);
        assert!(two_cores.best_length(0.95, 7) >= 6);
        // On an accelerator a step costs the same whatever its length.
        let accelerator = measured(&[(1, 10), (8, 10)]);
        assert_eq!(accelerator.best_length(0.3, 7), 7);
        assert_eq!(StepCost::default().best_length(0.4, 7), 0);
    }
}
