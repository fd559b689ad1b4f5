//! What is ruled about an account, as it stands in its columns: JSON in which everything that is as
//! for most accounts is left out.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::row::RowName;
use crate::model::{
    Checksum, Durability, LoginRules, NetworkRules, Override, SessionRules, Umask, VirtualPath,
};

/// The networks of an account as JSON.
#[derive(Default, Deserialize, Serialize)]
struct StoredNetworks {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    allowed: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    denied: String,
}

/// How sessions treat files, as JSON.
#[derive(Default, Deserialize, Serialize)]
struct StoredRules {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    umask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_mode: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    denied_names: Option<String>,
}

/// Writes the networks of an account as JSON.
pub(super) fn networks_text(rules: &LoginRules) -> String {
    let NetworkRules { allowed, denied } = &rules.networks;
    serde_json::json!(StoredNetworks {
        allowed: allowed.to_string(),
        denied: denied.to_string(),
    })
    .to_string()
}

/// Writes how sessions treat files as JSON.
pub(super) fn session_rules_text(rules: &SessionRules) -> String {
    let usual = SessionRules::default();
    serde_json::json!(StoredRules {
        start: (rules.start != usual.start).then(|| rules.start.to_string()),
        umask: (rules.umask != usual.umask).then(|| rules.umask.to_string()),
        active_mode: rules.active_mode.own(),
        durability: rules.durability.own().map(|own| own.as_str().to_owned()),
        checksum: rules.checksum.own().map(|own| own.as_str().to_owned()),
        denied_names: rules.denied_names.clone().own().map(|own| own.to_string()),
    })
    .to_string()
}

impl RowName<'_> {
    /// Reads the networks of an account.
    pub(super) fn networks(&self, text: &str) -> Result<NetworkRules, StoreError> {
        const COLUMN: &str = "networks";
        let stored: StoredNetworks = self.json(COLUMN, text)?;
        Ok(NetworkRules {
            allowed: self.parse(COLUMN, &stored.allowed)?,
            denied: self.parse(COLUMN, &stored.denied)?,
        })
    }

    /// Reads how sessions treat files.
    pub(super) fn session_rules(&self, text: &str) -> Result<SessionRules, StoreError> {
        const COLUMN: &str = "session_rules";
        let stored: StoredRules = self.json(COLUMN, text)?;
        let root = VirtualPath::root();
        let start = stored.start.map(|start| root.resolve(&start)).transpose();
        let durability = stored.durability.map(|name| Durability::from_name(&name));
        let durability = durability
            .map(|kind| self.named(COLUMN, kind))
            .transpose()?;
        let checksum = stored.checksum.as_deref();
        Ok(SessionRules {
            start: start.map_err(|_| self.bad(COLUMN))?.unwrap_or(root),
            umask: self
                .parsed::<Umask>(COLUMN, stored.umask)?
                .unwrap_or_default(),
            active_mode: stored.active_mode.into(),
            durability: durability.into(),
            checksum: self.checksum(COLUMN, checksum)?,
            denied_names: Override::from(self.parsed(COLUMN, stored.denied_names)?),
        })
    }

    /// Reads what is said about checksums.
    pub(super) fn checksum(
        &self,
        column: &'static str,
        name: Option<&str>,
    ) -> Result<Override<Checksum>, StoreError> {
        let named = name.map(|name| self.named(column, Checksum::from_name(name)));
        Ok(Override::from(named.transpose()?))
    }

    fn json<T: for<'de> Deserialize<'de>>(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|_| self.bad(column))
    }

    fn parsed<T: FromStr>(
        &self,
        column: &'static str,
        text: Option<String>,
    ) -> Result<Option<T>, StoreError> {
        text.map(|text| self.parse(column, &text)).transpose()
    }
}
