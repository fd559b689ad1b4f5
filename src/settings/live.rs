//! The settings in force: read without waiting, changed as one revision with an audit entry, and
//! told to everybody who listens.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::table::{ROWS, SettingRow, Settings};
use crate::clock::Timestamp;
use crate::events::{Event, Events};
use crate::model::{Actor, AuditAction, AuditEvent, Right, SettingRevision};
use crate::store::{Db, StoreError, StoredSettings};

/// A handle on the settings in force; cheap to clone.
#[derive(Clone, Debug)]
pub struct LiveSettings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    events: Events,
    reserved_ports: Vec<u16>,
    snapshot: ArcSwap<Snapshot>,
    told: watch::Sender<Arc<Settings>>,
}

#[derive(Debug)]
struct Snapshot {
    revision: i64,
    settings: Arc<Settings>,
}

/// What the settings must fit to.
#[derive(Clone, Debug, Default)]
pub struct LiveOptions {
    /// Key and text of values that apply from the first start on; ignored once a revision exists.
    pub first_values: Vec<(String, String)>,
    /// Ports that the service itself listens on; passive ports must leave them alone.
    pub reserved_ports: Vec<u16>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldError {
    /// The key of the setting.
    pub key: String,
    /// A sentence to show beside the field.
    pub problem: String,
}

/// Why settings were not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The actor may not change settings.
    #[error("this role may not change settings")]
    Forbidden,
    /// Some texts are wrong; nothing was changed.
    #[error("{}", describe(.0))]
    Invalid(Vec<FieldError>),
    /// Somebody else changed settings first.
    #[error("somebody else changed the settings first")]
    Stale,
    /// A stored text is wrong.
    #[error("the stored setting `{key}` is wrong: {problem}")]
    Stored {
        /// The key of the setting.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// The database failed.
    #[error("settings are not available")]
    Store(#[source] StoreError),
}

impl From<StoreError> for SettingsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            other => Self::Store(other),
        }
    }
}

impl LiveSettings {
    /// Reads the settings; on the very first start the given first values become revision 1.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Stored`] if a stored text is wrong, [`SettingsError::Invalid`] if a first
    /// value is, or if the passive ports are in the way of the service's own.
    pub async fn open(
        db: Db,
        events: Events,
        options: LiveOptions,
        at: Timestamp,
    ) -> Result<Self, SettingsError> {
        let stored = db.settings().await?;
        let settings = Arc::new(read_stored(&stored)?);
        let live = Self(Arc::new(Inner {
            db,
            events,
            reserved_ports: options.reserved_ports,
            told: watch::Sender::new(Arc::clone(&settings)),
            snapshot: ArcSwap::from_pointee(Snapshot {
                revision: stored.revision,
                settings,
            }),
        }));
        if stored.revision == 0 && !options.first_values.is_empty() {
            live.change(&Actor::system(), &options.first_values, at)
                .await?;
        }
        live.preview(&[])?;
        Ok(live)
    }

    /// The settings in force.
    pub fn current(&self) -> Arc<Settings> {
        Arc::clone(&self.0.snapshot.load().settings)
    }

    /// Tells every later change, the latest only.
    pub fn changes(&self) -> watch::Receiver<Arc<Settings>> {
        self.0.told.subscribe()
    }

    /// The settings as they would be after `changes` (key and text), without making them.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Invalid`] with everything that is wrong.
    pub fn preview(&self, changes: &[(String, String)]) -> Result<Settings, SettingsError> {
        self.applied(&self.0.snapshot.load(), changes)
    }

    /// Makes `changes` (key and text) as one revision with an audit entry, and returns what really
    /// changed: key, text before, text after.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Forbidden`], [`SettingsError::Invalid`] with everything that is wrong, and
    /// [`SettingsError::Stale`] if somebody else was first.
    ///
    /// # Cancel safety
    ///
    /// If this future is dropped, the change may have been stored without being in force; the next
    /// change is then refused as stale and puts it in force.
    pub async fn change(
        &self,
        actor: &Actor,
        changes: &[(String, String)],
        at: Timestamp,
    ) -> Result<Vec<(String, String, String)>, SettingsError> {
        if !actor.may(Right::ChangeSettings) {
            return Err(SettingsError::Forbidden);
        }
        let before = self.0.snapshot.load_full();
        let settings = self.applied(&before, changes)?;
        let differences = differences(&before.settings, &settings);
        if differences.is_empty() {
            return Ok(differences);
        }
        let stored = self.store(before.revision, actor, &differences, at).await;
        let revision = match stored {
            Err(StoreError::Stale) => {
                self.reload().await?;
                return Err(SettingsError::Stale);
            }
            stored => stored?,
        };
        self.publish(revision, settings);
        Ok(differences)
    }

    /// Reads the stored settings again, after another process changed them.
    pub async fn reload(&self) -> Result<(), SettingsError> {
        let stored = self.0.db.settings().await?;
        let settings = read_stored(&stored)?;
        self.publish(stored.revision, settings);
        Ok(())
    }

    /// At most `limit` revisions, latest first, only older than `before` if that is given.
    pub async fn history(
        &self,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<SettingRevision>, SettingsError> {
        Ok(self.0.db.setting_revisions(before, limit).await?)
    }

    fn applied(
        &self,
        before: &Snapshot,
        changes: &[(String, String)],
    ) -> Result<Settings, SettingsError> {
        let mut settings = Settings::clone(&before.settings);
        let mut problems = Vec::new();
        for (key, text) in changes {
            if let Err(problem) = set(&mut settings, key, text) {
                problems.push(FieldError {
                    key: key.clone(),
                    problem,
                });
            }
        }
        problems.extend(self.collisions(&settings));
        if problems.is_empty() {
            Ok(settings)
        } else {
            Err(SettingsError::Invalid(problems))
        }
    }

    /// Passive ports that the service itself listens on.
    fn collisions(&self, settings: &Settings) -> Option<FieldError> {
        let range = settings.passive_ports;
        let taken = self
            .0
            .reserved_ports
            .iter()
            .find(|port| range.contains(**port))?;
        Some(FieldError {
            key: "passive_ports".to_owned(),
            problem: format!("Port {taken} is in use by this service. Choose a range without it"),
        })
    }

    async fn store(
        &self,
        seen: i64,
        actor: &Actor,
        changed: &[(String, String, String)],
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let mut tx = self.0.db.begin().await?;
        let revision = tx.change_settings(seen, at, &actor.name, changed).await?;
        tx.append_audit(&AuditEvent {
            seq: 0,
            at,
            admin_id: actor.admin_id,
            actor: actor.name.clone(),
            ip: actor.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            action: AuditAction::SettingsChanged,
            object: labels(changed),
            object_id: String::new(),
            changes: changed.to_vec(),
        })
        .await?;
        tx.commit().await?;
        Ok(revision)
    }

    fn publish(&self, revision: i64, settings: Settings) {
        let settings = Arc::new(settings);
        let next = Arc::new(Snapshot {
            revision,
            settings: Arc::clone(&settings),
        });
        // Whoever read the rows before a change must not put them in force after it.
        let before = self.0.snapshot.rcu(|current| {
            if current.revision < revision {
                Arc::clone(&next)
            } else {
                Arc::clone(current)
            }
        });
        if before.revision < revision {
            self.0.told.send_replace(settings);
            self.0.events.publish(Event::SettingsChanged);
        }
    }
}

fn read_stored(stored: &StoredSettings) -> Result<Settings, SettingsError> {
    let mut settings = Settings::default();
    for (key, text) in &stored.rows {
        // A row of a later program version means nothing to this one.
        let Some(row) = SettingRow::find(key) else {
            continue;
        };
        row.set(&mut settings, text)
            .map_err(|problem| SettingsError::Stored {
                key: key.clone(),
                problem,
            })?;
    }
    Ok(settings)
}

fn set(settings: &mut Settings, key: &str, text: &str) -> Result<(), String> {
    let row = SettingRow::find(key).ok_or_else(|| format!("There is no setting `{key}`"))?;
    row.set(settings, text)
}

fn differences(before: &Settings, after: &Settings) -> Vec<(String, String, String)> {
    ROWS.iter()
        .map(|row| (row.key.to_owned(), row.text(before), row.text(after)))
        .filter(|(_, before, after)| before != after)
        .collect()
}

/// The names of the changed settings, for the audit log.
fn labels(changed: &[(String, String, String)]) -> String {
    let labels: Vec<&str> = changed
        .iter()
        .map(|(key, _, _)| SettingRow::find(key).map_or(key.as_str(), |row| row.label))
        .collect();
    labels.join(", ")
}

fn describe(problems: &[FieldError]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|field| format!("{}: {}", field.key, field.problem))
        .collect();
    lines.join("; ")
}
