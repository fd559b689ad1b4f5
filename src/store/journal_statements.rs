//! The statements that search the transfer journal, and which one fits what is asked for.

use ipnet::IpNet;

use super::journal_row::transfer_columns;
use super::statements::queries;
use crate::model::{JournalQuery, Operation, TransferResult};

/// What is asked for beside the owner, the time and the path. `$12` and `$13` are the first and the last
/// address, `$15` is for addresses that begin as the text does.
macro_rules! others {
    () => {
        " AND (CAST($1 AS TEXT) IS NULL
               OR lower(t.username) LIKE lower($1) ESCAPE '!'
               OR lower(t.path || COALESCE(t.path_rest, '')) LIKE lower($1) ESCAPE '!'
               OR lower(t.target || COALESCE(t.target_rest, '')) LIKE lower($1) ESCAPE '!'
               OR t.ip LIKE $15)
          AND (CAST($6 AS BIGINT) IS NULL OR t.operation = $6)
          AND (CAST($7 AS BIGINT) IS NULL OR t.result = $7)
          AND (CAST($12 AS TEXT) IS NULL OR (t.ip >= $12 AND t.ip <= $13))"
    };
}

/// The rows that a search walks along one index. The condition that the index serves is written out
/// for each case, because SQLite only uses an index for a condition that holds whatever the
/// parameters are.
macro_rules! walked {
    ($owner:expr) => {
        concat!(
            " FROM journal t WHERE ",
            $owner,
            " AND (t.id_high, t.id_low) >= ($8, $9) AND (t.id_high, t.id_low) < ($10, $11)"
        )
    };
}

macro_rules! nobody {
    () => {
        "CAST($2 AS BIGINT) IS NULL AND CAST($3 AS BIGINT) IS NULL
         AND CAST($4 AS BIGINT) IS NULL AND CAST($5 AS BIGINT) IS NULL"
    };
}

macro_rules! account {
    () => {
        concat!(
            "t.account_low = $3 AND t.account_high = $2 AND ",
            of_customer!()
        )
    };
}

macro_rules! customer {
    () => {
        "CAST($2 AS BIGINT) IS NULL AND CAST($3 AS BIGINT) IS NULL
         AND t.customer_low = $5 AND t.customer_high = $4"
    };
}

/// Of the customer that is asked for, if one is.
macro_rules! of_customer {
    () => {
        "(CAST($5 AS BIGINT) IS NULL OR (t.customer_low = $5 AND t.customer_high = $4))"
    };
}

macro_rules! latest_first {
    () => {
        " ORDER BY t.id_high DESC, t.id_low DESC"
    };
}

macro_rules! page {
    ($owner:expr) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            walked!($owner),
            others!(),
            latest_first!(),
            " LIMIT $14"
        )
    };
}

macro_rules! count {
    ($owner:expr) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT t.id_high",
            walked!($owner),
            others!(),
            " LIMIT $14) AS counted"
        )
    };
}

/// Where the path begins to match and where it no longer does.
macro_rules! in_path {
    ($column:literal, $first:literal, $end:literal) => {
        concat!(
            "(t.",
            $column,
            " COLLATE \"binary\" >= ",
            $first,
            " AND t.",
            $column,
            " COLLATE \"binary\" < ",
            $end,
            ")"
        )
    };
}

/// The latest rows of an owner, at most `$18`, of which those that match are returned.
macro_rules! latest {
    ($owner:expr) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM (SELECT *",
            walked!($owner),
            latest_first!(),
            " LIMIT $18) AS t
             WHERE (",
            in_path!("path", "$16", "$17"),
            " OR ",
            in_path!("target", "$16", "$17"),
            ")",
            others!(),
            latest_first!(),
            " LIMIT $14"
        )
    };
}

/// The ids that match along the index of `$column`. A number to which nothing is added has no index, so
/// that no engine is tempted to walk along the ids instead. One half of the account's id is in the
/// index, and enough: it is random.
macro_rules! ids_in_path {
    ($column:literal, $first:literal, $end:literal, $only:expr) => {
        concat!(
            "SELECT t.id_high, t.id_low FROM journal t
              WHERE ",
            in_path!($column, $first, $end),
            $only
        )
    };
}

/// All ids that match a path, and what else is asked for.
macro_rules! ids_in_paths {
    ($first:literal, $end:literal, $others:expr) => {
        concat!(
            ids_in_path!("path", $first, $end, $others),
            " UNION ALL ",
            ids_in_path!("target", $first, $end, $others),
            " AND t.target IS NOT NULL AND NOT ",
            in_path!("path", $first, $end)
        )
    };
}

/// Everything that can be asked for beside the path.
macro_rules! anything {
    () => {
        concat!(
            " AND (CAST($3 AS BIGINT) IS NULL OR (t.account_low = $3 AND t.account_high = $2)) AND ",
            of_customer!(),
            " AND (t.id_high + 0, t.id_low) >= ($8, $9) AND (t.id_high + 0, t.id_low) < ($10, $11)",
            others!()
        )
    };
}

/// What the index of a path knows: the account and the time.
macro_rules! in_index {
    () => {
        " AND (CAST($1 AS BIGINT) IS NULL OR t.account_low = $1)
          AND (t.id_high + 0, t.id_low) >= ($2, $3) AND (t.id_high + 0, t.id_low) < ($4, $5)"
    };
}

/// The latest of these ids, with everything that is known of them.
macro_rules! latest_of {
    ($ids:expr, $limit:literal) => {
        concat!(
            "SELECT ",
            transfer_columns!(),
            " FROM (SELECT hit.id_high, hit.id_low FROM (",
            $ids,
            ") AS hit ORDER BY hit.id_high DESC, hit.id_low DESC LIMIT ",
            $limit,
            ") AS found CROSS JOIN journal t
             WHERE t.id_high = found.id_high AND t.id_low = found.id_low",
            latest_first!()
        )
    };
}

macro_rules! owner_rows {
    ($owner:expr) => {
        concat!(
            "SELECT COUNT(*) FROM (
                 SELECT t.id_high FROM journal t
                  WHERE ",
            $owner,
            " AND (t.id_high, t.id_low) >= ($5, $6) AND (t.id_high, t.id_low) < ($7, $8)
                  LIMIT $9) AS counted"
        )
    };
}

queries! {
    PAGE = page!(nobody!());
    PAGE_OF_ACCOUNT = page!(account!());
    PAGE_OF_CUSTOMER = page!(customer!());
    PAGE_OF_ADDRESS = page!(concat!("t.ip = $12 AND ", nobody!()));
    PAGE_OF_RESULT = page!(concat!("t.result = $7 AND t.result > 1 AND ", nobody!()));
    PAGE_OF_OPERATION = page!(concat!("t.operation = $6 AND t.operation > 2 AND ", nobody!()));
    COUNT = count!(nobody!());
    COUNT_OF_ACCOUNT = count!(account!());
    COUNT_OF_CUSTOMER = count!(customer!());
    COUNT_IN_PATH = concat!(
        "SELECT COUNT(*) FROM (SELECT hit.id_high FROM (",
        ids_in_paths!("$16", "$17", anything!()),
        ") AS hit LIMIT $14) AS counted"
    );
    LATEST = latest!(nobody!());
    LATEST_OF_ACCOUNT = latest!(account!());
    LATEST_OF_CUSTOMER = latest!(customer!());
    IN_PATH = latest_of!(ids_in_paths!("$16", "$17", anything!()), "$14");
    IN_PATH_ONLY = latest_of!(ids_in_paths!("$7", "$8", in_index!()), "$6");
    ROWS = owner_rows!(
        "CAST($1 AS BIGINT) IS NULL AND CAST($2 AS BIGINT) IS NULL
         AND CAST($3 AS BIGINT) IS NULL AND CAST($4 AS BIGINT) IS NULL"
    );
    ROWS_OF_ACCOUNT = owner_rows!(
        "t.account_low = $2 AND t.account_high = $1
         AND (CAST($4 AS BIGINT) IS NULL OR (t.customer_low = $4 AND t.customer_high = $3))"
    );
    ROWS_OF_CUSTOMER = owner_rows!(
        "CAST($1 AS BIGINT) IS NULL AND CAST($2 AS BIGINT) IS NULL
         AND t.customer_low = $4 AND t.customer_high = $3"
    );
}

/// The statement for a page without a path.
pub(super) fn page_sql(query: &JournalQuery) -> &'static str {
    let is_one = |network: IpNet| network.prefix_len() == network.max_prefix_len();
    let is_rare = |operation| !matches!(operation, Operation::Upload | Operation::Download);
    let is_bad = |result| result != TransferResult::Complete;
    match (query.account_id, query.customer_id) {
        (Some(_), _) => PAGE_OF_ACCOUNT,
        (None, Some(_)) => PAGE_OF_CUSTOMER,
        (None, None) if query.address.is_some_and(is_one) => PAGE_OF_ADDRESS,
        (None, None) if query.result.is_some_and(is_bad) => PAGE_OF_RESULT,
        (None, None) if query.operation.is_some_and(is_rare) => PAGE_OF_OPERATION,
        (None, None) => PAGE,
    }
}

/// The statement that counts the rows of all pages.
pub(super) fn count_sql(query: &JournalQuery) -> &'static str {
    match (query.account_id, query.customer_id) {
        (Some(_), _) => COUNT_OF_ACCOUNT,
        (None, Some(_)) => COUNT_OF_CUSTOMER,
        (None, None) => COUNT,
    }
}

/// The statements for the latest rows of an owner, and for how many it has.
pub(super) fn latest_sql(query: &JournalQuery) -> (&'static str, &'static str) {
    match (query.account_id, query.customer_id) {
        (Some(_), _) => (LATEST_OF_ACCOUNT, ROWS_OF_ACCOUNT),
        (None, Some(_)) => (LATEST_OF_CUSTOMER, ROWS_OF_CUSTOMER),
        (None, None) => (LATEST, ROWS),
    }
}

/// The statement that counts the rows of a path; `$16` and `$17` are where it begins and ends to match.
pub(super) fn count_in_path_sql() -> &'static str {
    COUNT_IN_PATH
}

/// The statements for the rows of a path along its index: one for whatever can be asked for, and one for
/// account and time only, which PostgreSQL answers from the index alone. That one is asked with the lower
/// half of the account's id, the first id, the one after the last, the limit, and where the path begins
/// and ends to match.
pub(super) fn in_path_sql() -> (&'static str, &'static str) {
    (IN_PATH, IN_PATH_ONLY)
}
