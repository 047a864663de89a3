//! Two distances between words, as numbers of letters to change.

use std::mem::swap;

/// Insertions, deletions and replacements (Levenshtein): a metric.
pub fn edits(first: &[char], second: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=second.len()).collect();
    for (i, a) in first.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in second.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[second.len()]
}

/// The same, with a swap of two neighbours as one change (optimal string alignment): no metric.
pub fn alignment(first: &[char], second: &[char]) -> usize {
    let width = second.len() + 1;
    let mut before = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    let mut row = vec![0; width];
    for i in 1..=first.len() {
        row[0] = i;
        for j in 1..width {
            let (a, b) = (first[i - 1], second[j - 1]);
            let mut best = (above[j - 1] + usize::from(a != b))
                .min(above[j] + 1)
                .min(row[j - 1] + 1);
            if i > 1 && j > 1 && a == second[j - 2] && first[i - 2] == b {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
        }
        swap(&mut before, &mut above);
        swap(&mut above, &mut row);
    }
    above[second.len()]
}
