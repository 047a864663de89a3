//! A BK-tree (Burkhard and Keller, 1973): words below a node by their distance from it.

use std::collections::BTreeMap;

use crate::measure::{alignment, edits};

struct Node {
    word: Vec<char>,
    below: BTreeMap<usize, usize>,
}

/// The nodes in the order in which they were added; the first is the root.
#[derive(Default)]
pub struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Add a word; whether it is new.
    pub fn add(&mut self, word: Vec<char>) -> bool {
        let fresh = self.nodes.len();
        let mut at = 0;
        while let Some(node) = self.nodes.get_mut(at) {
            let far = edits(&node.word, &word);
            if far == 0 {
                return false;
            }
            at = *node.below.entry(far).or_insert(fresh);
        }
        self.nodes.push(Node {
            word,
            below: BTreeMap::new(),
        });
        true
    }

    pub fn contains(&self, word: &[char]) -> bool {
        let mut at = Some(0);
        while let Some(node) = at.and_then(|place| self.nodes.get(place)) {
            let far = edits(&node.word, word);
            if far == 0 {
                return true;
            }
            at = node.below.get(&far).copied();
        }
        false
    }

    /// Every word whose alignment distance is at most `within`, in no order.
    pub fn close(&self, word: &[char], within: usize) -> Vec<(&[char], usize)> {
        let mut found = Vec::new();
        // One swap is two edits, so what is close is within twice as many of them.
        let reach = 2 * within;
        let mut waiting = if self.nodes.is_empty() { vec![] } else { vec![0] };
        while let Some(at) = waiting.pop() {
            let node = &self.nodes[at];
            let far = edits(&node.word, word);
            if far <= reach {
                let aligned = alignment(&node.word, word);
                if aligned <= within {
                    found.push((node.word.as_slice(), aligned));
                }
            }
            let (least, most) = (far.saturating_sub(reach), far + reach);
            waiting.extend(node.below.range(least..=most).map(|(_, place)| *place));
        }
        found
    }
}
