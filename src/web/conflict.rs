//! Two people saved the same record: who was first, and what that changed.

use crate::app::App;
use crate::model::page::AuditQuery;
use crate::web::error::PageError;
use crate::web::layout::Layout;

/// What a form says that was saved too late.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Conflict {
    /// Who changed it and when.
    pub(crate) fact: String,
    /// What was changed, before and after.
    pub(crate) change: String,
}

impl Conflict {
    /// The latest change of the record `id`, called `what` on the page.
    pub(crate) async fn about(
        app: &App,
        id: &str,
        what: &str,
        layout: &Layout,
    ) -> Result<Self, PageError> {
        let query = AuditQuery {
            object_id: id.to_owned(),
            limit: 1,
            ..AuditQuery::default()
        };
        let latest = app.audit.page(&query).await;
        let latest = latest.map_err(|error| PageError::unavailable(&error))?;
        let Some(event) = latest.first() else {
            return Ok(Self {
                fact: format!("Somebody changed {what} meanwhile."),
                change: String::new(),
            });
        };
        let when = layout.when(event.at).ago();
        Ok(Self {
            fact: format!("{} changed {what} {when}.", event.actor),
            change: in_words(&event.changes),
        })
    }
}

/// `sessions: 3 to 5, notes: none to Camera`.
fn in_words(changes: &[(String, String, String)]) -> String {
    let or_none = |text: &str| {
        if text.is_empty() {
            "none".to_owned()
        } else {
            text.to_owned()
        }
    };
    let words: Vec<String> = changes
        .iter()
        .map(|(field, before, after)| format!("{field}: {} to {}", or_none(before), or_none(after)))
        .collect();
    match words.as_slice() {
        [] => String::new(),
        _ => format!("{}.", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_before_and_after() {
        let change = |field: &str, before: &str, after: &str| {
            (field.to_owned(), before.to_owned(), after.to_owned())
        };

        let words = in_words(&[change("sessions", "3", "5"), change("notes", "", "Gate 2")]);

        assert_eq!(words, "sessions: 3 to 5, notes: none to Gate 2.");
        assert_eq!(in_words(&[]), "");
    }
}
