//! Finds what followed the same tokens elsewhere (prompt lookup decoding; Saxena 2023).

/// Longer matches are no surer.
const LONGEST: usize = 16;

/// A place where the same tokens stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Match<'a> {
    /// How many tokens are the same.
    pub(super) length: usize,
    /// What follows them there.
    pub(super) next: &'a [u32],
}

/// The longest match of the last tokens in `texts`, and at most `most` tokens that follow it. Of several, the one in the first
/// text, and there the last one.
pub(super) fn longest_match<'a>(
    tokens: &[u32],
    texts: impl Iterator<Item = &'a [u32]>,
    most: usize,
) -> Option<Match<'a>> {
    let mut best: Option<Match> = None;
    let last = tokens.last()?;
    for text in texts {
        for end in (1..text.len()).rev().filter(|end| text[end - 1] == *last) {
            let same = text[..end].iter().rev().zip(tokens.iter().rev()).take(LONGEST);
            let length = same.take_while(|(a, b)| a == b).count();
            if best.as_ref().is_none_or(|best| length > best.length) {
                best = Some(Match { length, next: &text[end..text.len().min(end + most)] });
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_wins_and_then_the_latest() {
        let texts: [&[u32]; 2] = [&[3, 7, 3, 8, 9], &[2, 3, 1, 1]];
        let found = |tokens: &[u32]| longest_match(tokens, texts.into_iter(), 2);
        assert_eq!(found(&[3]), Some(Match { length: 1, next: &[8, 9] }));
        assert_eq!(found(&[5, 2, 3]), Some(Match { length: 2, next: &[1, 1] }));
        assert_eq!(found(&[4]), None);
        assert_eq!(found(&[]), None);
    }
}
