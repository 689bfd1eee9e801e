//! Faults on request: what a ceremony has to survive and a sound device does not show.

use crate::store::MAX_OBJECTS;

/// The faults a service is started with; by default none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// The store is full at this many objects, the factory's authentication key among them.
    pub store_limit: Option<usize>,
    /// From this session command on, counted from 1, commands take effect and their answers are lost.
    pub fail_after: Option<u64>,
}

impl Faults {
    pub(crate) fn store_limit(&self) -> usize {
        self.store_limit.unwrap_or(MAX_OBJECTS)
    }

    /// Whether the answer to session command number `count` is lost.
    pub(crate) fn loses(&self, count: u64) -> bool {
        self.fail_after.is_some_and(|first| count >= first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_lost_from_the_one_named_on() {
        let faults = Faults { fail_after: Some(2), ..Faults::default() };
        assert_eq!([1, 2, 3].map(|count| faults.loses(count)), [false, true, true]);
        assert!(!Faults::default().loses(u64::MAX));
    }
}
