//! Ways that are short where values are as they mostly are, and lost time where they are not.

/// When to try such a way: not for some values after it was tried in vain, and for more of them each time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pause {
    left: u32,
    last: u32,
}

impl Pause {
    /// Whether to try with the next value.
    #[inline(always)]
    pub(super) const fn is_over(&mut self) -> bool {
        if self.left == 0 {
            return true;
        }
        self.left -= 1;
        false
    }

    #[inline(always)]
    pub(super) const fn succeed(&mut self) {
        // Mostly it is so already.
        if self.last != 0 {
            self.last = 0;
        }
    }

    #[inline(always)]
    pub(super) const fn fail(&mut self) {
        self.last = (2 * self.last + 1) & MAX;
        self.left = self.last;
    }
}

/// The most values not to try with; all bits of it are ones.
const MAX: u32 = 63;
