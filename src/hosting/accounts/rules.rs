//! Rules for the folders of an account.

use super::error::AccountError;
use super::service::{Accounts, require};
use super::trail::{deed, rule_changes};
use crate::events::Event;
use crate::model::{Account, AccountId, Actor, AuditAction, PathRules, Version};

impl Accounts {
    /// Replaces the rules for folders; `seen` is the version that the editor saw. Running sessions
    /// follow at once, and a transfer that is not allowed any more ends. Rules that are the same stay
    /// as they are, and nothing is written.
    ///
    /// # Errors
    ///
    /// [`AccountError::Stale`] if somebody else saved first, [`AccountError::NotFound`].
    pub async fn set_rules(
        &self,
        actor: &Actor,
        id: AccountId,
        seen: Version,
        rules: PathRules,
    ) -> Result<Account, AccountError> {
        require(actor)?;
        let before = self.get(id).await?;
        if before.version != seen {
            return Err(AccountError::Stale);
        }
        let changes = rule_changes(&before.rules, &rules);
        if changes.is_empty() {
            return Ok(before);
        }
        let account = Account {
            rules,
            ..before.clone()
        };
        let foundation = self.foundation();
        let mut tx = foundation.db.begin().await?;
        tx.save_account(&account, foundation.now()).await?;
        let deed = deed(AuditAction::AccountChanged, &account, changes);
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        self.refresh(id).await?;
        foundation.publish(Event::AccountChanged(id));
        self.get(id).await
    }
}
