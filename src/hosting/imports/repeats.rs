//! Accounts that stand in a file more than once: the first one counts.

use std::collections::HashMap;

use super::record::{Place, Record, RowRefusal};
use crate::model::Username;

/// Refuses every account whose name stands further up already.
pub(super) fn refuse(records: &mut [Record]) {
    let mut seen: HashMap<Username, Place> = HashMap::new();
    for record in records {
        let Ok(wanted) = &record.wanted else { continue };
        if let Some(earlier) = seen.get(&wanted.username) {
            let reason = format!("stands on {earlier} already");
            record.wanted = Err(RowRefusal::new("user name", reason));
        } else {
            seen.insert(wanted.username.clone(), record.place);
        }
    }
}
