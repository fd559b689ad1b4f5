//! The memory that Argon2 works in. Its thread keeps it while one password follows another, which
//! spares asking the system for some thousand pages each time, and gives it back when there is nothing to do.

use std::cell::RefCell;

use argon2::Block;

thread_local!(static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) });

/// What is asked for at least, in blocks of 1 KiB. The allocator of glibc returns a piece to the system
/// when it is freed only if the piece is larger than 32 MiB; of smaller ones it learns to keep the
/// next. Pages that are never touched cost nothing.
const LEAST: usize = 33 * 1_024;
/// More than this is given back at once: it is for a hash from elsewhere, which is made anew.
const KEPT: usize = LEAST;

/// Does `work` with `count` blocks; `None` if there is no memory. What they hold is left from before.
pub(super) fn with<T>(count: usize, work: impl FnOnce(&mut [Block]) -> T) -> Option<T> {
    let done = BLOCKS.with_borrow_mut(|blocks| {
        if blocks.len() < count {
            *blocks = Vec::new();
            blocks.try_reserve_exact(count.max(LEAST)).ok()?;
            blocks.resize(count, Block::new());
        }
        blocks.get_mut(..count).map(work)
    });
    if count > KEPT {
        give_back();
    }
    done
}

/// Returns to the system what this thread keeps.
pub(in crate::hosting) fn give_back() {
    BLOCKS.set(Vec::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> usize {
        BLOCKS.with_borrow(Vec::len)
    }

    #[test]
    fn memory_of_a_usual_hash_is_kept_until_it_is_given_back() {
        let lengths = [64, 128, 32].map(|count| with(count, |blocks| blocks.len()));

        assert_eq!(lengths, [Some(64), Some(128), Some(32)]);
        assert_eq!(kept(), 128);

        give_back();
        assert_eq!(kept(), 0);
    }

    #[test]
    fn memory_of_an_uncommonly_large_hash_is_not_kept() {
        assert_eq!(with(KEPT + 1, |blocks| blocks.len()), Some(KEPT + 1));

        assert_eq!(kept(), 0);
    }
}
