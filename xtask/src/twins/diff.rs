//! What two lists do not share, by their longest common part.

/// Returns the places in `one` and in `other` of what only that one has.
pub(super) fn diff<T: PartialEq>(one: &[T], other: &[T]) -> (Vec<usize>, Vec<usize>) {
    let lengths = common(one, other);
    let length =
        |i: usize, j: usize| lengths.get(i).and_then(|row| row.get(j)).copied().unwrap_or_default();
    let (mut i, mut j) = (0_usize, 0_usize);
    let (mut only_one, mut only_other) = (Vec::new(), Vec::new());
    loop {
        match (one.get(i), other.get(j)) {
            (Some(left), Some(right)) if left == right => {
                i += 1;
                j += 1;
            }
            (Some(_), right) if right.is_none() || length(i + 1, j) >= length(i, j + 1) => {
                only_one.push(i);
                i += 1;
            }
            (_, Some(_)) => {
                only_other.push(j);
                j += 1;
            }
            _ => return (only_one, only_other),
        }
    }
}

/// Returns how much `one` from each place on shares with `other` from each place on.
fn common<T: PartialEq>(one: &[T], other: &[T]) -> Vec<Vec<usize>> {
    let mut rows = vec![vec![0_usize; other.len().saturating_add(1)]];
    for left in one.iter().rev() {
        let below = rows.last().cloned().unwrap_or_default();
        let mut row = vec![0_usize];
        for (right, (here, diagonal)) in
            other.iter().zip(below.iter().zip(below.iter().skip(1))).rev()
        {
            let beside = row.last().copied().unwrap_or_default();
            row.push(if left == right { diagonal + 1 } else { beside.max(*here) });
        }
        row.reverse();
        rows.push(row);
    }
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_one_has_is_found() {
        #[rustfmt::skip]
        let cases: [(&str, &str, &[usize], &[usize]); 7] = [
            ("abc",  "abc",  &[],        &[]),
            ("",     "ab",   &[],        &[0, 1]),
            ("ab",   "",     &[0, 1],    &[]),
            ("axc",  "ayc",  &[1],       &[1]),
            ("abcd", "bd",   &[0, 2],    &[]),
            ("bd",   "abcd", &[],        &[0, 2]),
            ("abc",  "cab",  &[2],       &[0]),
        ];
        for (one, other, only_one, only_other) in cases {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let got = diff(&chars(one), &chars(other));
            assert_eq!(got, (only_one.to_vec(), only_other.to_vec()), "{one} {other}");
        }
    }
}
