//! Operations and results as the journal's table holds them: small numbers, which are cheaper to store
//! and to compare than their names. A number never changes its meaning.

use crate::model::{Operation, TransferResult};

/// The number of an operation. Those above 2 are rare, and have an index.
pub(super) fn operation_code(operation: Operation) -> i64 {
    match operation {
        Operation::Upload => 1,
        Operation::Download => 2,
        Operation::Append => 3,
        Operation::Delete => 4,
        Operation::Rename => 5,
        Operation::Mkdir => 6,
        Operation::Rmdir => 7,
    }
}

/// The operation with this number.
pub(super) fn operation_of(code: i64) -> Option<Operation> {
    let mut all = Operation::ALL.iter().copied();
    all.find(|operation| operation_code(*operation) == code)
}

/// The number of a result. Those above 1 are rare, and have an index.
pub(super) fn result_code(result: TransferResult) -> i64 {
    match result {
        TransferResult::Complete => 1,
        TransferResult::Aborted => 2,
        TransferResult::Refused => 3,
        TransferResult::Failed => 4,
    }
}

/// The result with this number.
pub(super) fn result_of(code: i64) -> Option<TransferResult> {
    let mut all = TransferResult::ALL.iter().copied();
    all.find(|result| result_code(*result) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_result_reads_back_from_its_number() {
        for operation in Operation::ALL {
            assert_eq!(operation_of(operation_code(*operation)), Some(*operation));
        }
        for result in TransferResult::ALL {
            assert_eq!(result_of(result_code(*result)), Some(*result));
        }
        assert_eq!((operation_of(0), result_of(9)), (None, None));
    }
}
