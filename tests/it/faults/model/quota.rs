//! What `SITE QUOTA` tells.

use quaymaster::model::Usage;

use crate::support::ftp_client::Reply;

/// What is used and what may be, of an account and of all accounts of its customer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) used: Usage,
    pub(super) limit: Usage,
    pub(super) pool_used: Usage,
    pub(super) pool_limit: Usage,
}

impl Quota {
    pub(super) fn of(answer: &Reply) -> Self {
        assert_eq!(answer.code, 200, "{answer:?}");
        let figures = |start: &str| {
            let lines = &mut answer.lines.iter();
            let rest = lines.find_map(|line| line.trim_start().strip_prefix(start));
            let rest = rest.unwrap_or_else(|| panic!("{start}: {answer:?}"));
            let (used, limit) = rest.split_once(" limit=").expect("a limit");
            let number = |text: &str| text.parse::<u64>().expect("a number");
            (number(used), number(limit))
        };
        let usage = |bytes, files| Usage { bytes, files };
        let (bytes, files) = (figures("bytes used="), figures("files used="));
        let pool = (figures("shared bytes used="), figures("shared files used="));
        Self {
            used: usage(bytes.0, files.0),
            limit: usage(bytes.1, files.1),
            pool_used: usage(pool.0.0, pool.1.0),
            pool_limit: usage(pool.0.1, pool.1.1),
        }
    }
}
