//! Rules for the folders of an account.

use super::error::AccountError;
use super::service::{Accounts, require};
use super::trail::{deed, rule_changes};
use crate::events::Event;
use crate::model::{
    Account, AccountId, Actor, AuditAction, PathRules, Permissions, Verdict, Version, VirtualPath,
};
use crate::vfs::Home;

/// What an account may do at a path, and which of its rules say so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathTrial {
    /// What is allowed.
    pub permissions: Permissions,
    /// Whether the path does not exist for the account.
    pub is_hidden: bool,
    /// Where symbolic links lead from there, if they do.
    pub leads_to: Option<VirtualPath>,
    /// The folders whose rules decide, for the path and for the place that it leads to; none where
    /// the permissions of the account hold.
    pub decided_by: Vec<VirtualPath>,
    /// The folder below whose rule keeps this one from being renamed or removed.
    pub held_by: Option<VirtualPath>,
}

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
        let foundation = &self.parts().foundation;
        let mut tx = foundation.db.begin().await?;
        tx.save_account(&account, foundation.now()).await?;
        let deed = deed(AuditAction::AccountChanged, &account, changes);
        foundation.audit(&mut tx, actor, deed).await?;
        tx.commit().await?;
        // Before any session looks it up.
        foundation.publish(Event::AccountChanged(id));
        let ended = self.refresh(id).await?;
        self.note_ended((actor, AuditAction::AccountChanged), &account, ended)
            .await;
        self.get(id).await
    }

    /// Tells what the account may do at `path`, as a session would find it.
    ///
    /// # Errors
    ///
    /// [`AccountError::NotFound`]; [`AccountError::Home`] if the disk does not tell where the path
    /// leads.
    pub async fn try_path(
        &self,
        id: AccountId,
        path: &VirtualPath,
    ) -> Result<PathTrial, AccountError> {
        let account = self.get(id).await?;
        let access = account.access();
        let local = self.parts().volumes.home(&account).await?;
        let judgement = Home::new(local, access.clone()).judge(path).await?;
        let there = judgement.leads_to.as_ref().map(|place| access.at(place));
        let verdicts: Vec<Verdict<'_>> = std::iter::once(access.at(path)).chain(there).collect();
        let mut decided_by: Vec<VirtualPath> = verdicts
            .iter()
            .filter_map(|verdict| Some(verdict.rule?.folder.clone()))
            .collect();
        decided_by.dedup();
        let held_by = verdicts.iter().find_map(|verdict| verdict.held_by);
        Ok(PathTrial {
            permissions: judgement.permissions,
            is_hidden: judgement.is_hidden,
            leads_to: judgement.leads_to,
            decided_by,
            held_by: held_by.map(|rule| rule.folder.clone()),
        })
    }
}
