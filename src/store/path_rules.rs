//! Rules for folders, as they stand in a column of their account.

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::row::RowName;
use crate::model::{PathRule, PathRules, VirtualPath};

/// One rule as JSON.
#[derive(Deserialize, Serialize)]
struct Stored {
    folder: String,
    permissions: String,
    #[serde(default)]
    hidden: bool,
}

/// Writes rules as JSON.
pub(super) fn path_rules_text(rules: &PathRules) -> String {
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| {
            serde_json::json!(Stored {
                folder: rule.folder.to_string(),
                permissions: rule.permissions.to_string(),
                hidden: rule.hidden,
            })
        })
        .collect();
    serde_json::Value::from(rules).to_string()
}

impl RowName<'_> {
    /// Reads rules.
    pub(super) fn path_rules(&self, text: &str) -> Result<PathRules, StoreError> {
        let bad = || self.bad("path_rules");
        let stored: Vec<Stored> = serde_json::from_str(text).map_err(|_| bad())?;
        let rules: Option<Vec<PathRule>> = stored.iter().map(read).collect();
        PathRules::new(rules.ok_or_else(bad)?).map_err(|_| bad())
    }
}

fn read(stored: &Stored) -> Option<PathRule> {
    Some(PathRule {
        folder: VirtualPath::root().resolve(&stored.folder).ok()?,
        permissions: stored.permissions.parse().ok()?,
        hidden: stored.hidden,
    })
}
