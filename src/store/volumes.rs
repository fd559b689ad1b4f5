//! Volumes. Exactly one of them takes new accounts by default.

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::{Conflict, StoreError};
use super::row::{RowName, folded};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{StorageVolume, Usage, Version, VolumeId, VolumeRow};

macro_rules! columns {
    () => {
        "v.volume_id, v.name, v.root, v.mark, v.reserve_bytes, v.is_closed, v.is_default,
         v.created_at, v.updated_at, v.version"
    };
}

/// Accounts and what they hold, by volume; the sums are cast because an engine would widen them.
macro_rules! booked {
    () => {
        " LEFT JOIN (
              SELECT COALESCE(a.volume_id, '00000000-0000-7000-8000-000000000001') AS volume_id,
                     COUNT(*) AS accounts,
                     CAST(COALESCE(SUM(u.used_bytes), 0) AS BIGINT) AS used_bytes,
                     CAST(COALESCE(SUM(u.used_files), 0) AS BIGINT) AS used_files
                FROM account a
                LEFT JOIN quota_usage u ON u.account_id = a.account_id
               GROUP BY 1) b ON b.volume_id = v.volume_id
          LEFT JOIN (
              SELECT COALESCE(t.volume_id, '00000000-0000-7000-8000-000000000001') AS volume_id,
                     COUNT(*) AS entries,
                     CAST(COALESCE(SUM(t.used_bytes), 0) AS BIGINT) AS used_bytes,
                     CAST(COALESCE(SUM(t.used_files), 0) AS BIGINT) AS used_files
                FROM trash t
               GROUP BY 1) d ON d.volume_id = v.volume_id"
    };
}

queries! {
    BY_ID = concat!("SELECT ", columns!(), " FROM volume v WHERE v.volume_id = $1");
    ALL = concat!("SELECT ", columns!(), " FROM volume v ORDER BY v.name_key");
    LISTED = concat!(
        "SELECT ", columns!(),
        ", COALESCE(b.accounts, 0) AS accounts, COALESCE(b.used_bytes, 0) AS used_bytes,
           COALESCE(b.used_files, 0) AS used_files, COALESCE(d.entries, 0) AS deleted_accounts,
           COALESCE(d.used_bytes, 0) AS deleted_bytes, COALESCE(d.used_files, 0) AS deleted_files
           FROM volume v",
        booked!(),
        " ORDER BY v.name_key"
    );
    INSERT = "
        INSERT INTO volume (
            volume_id, name, name_key, root, mark, reserve_bytes, is_closed, is_default,
            created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SAVE = "
        UPDATE volume
           SET name = $3, name_key = $4, root = $5, reserve_bytes = $6, is_closed = $7,
               is_default = $8, updated_at = $9, version = version + 1
         WHERE volume_id = $1 AND version = $2
        RETURNING version";
    SET_MARK = "UPDATE volume SET mark = $2 WHERE volume_id = $1 AND mark = ''";
    NO_OTHER_DEFAULT = "
        UPDATE volume SET is_default = FALSE, version = version + 1
         WHERE is_default AND volume_id <> $1";
    DELETE = "DELETE FROM volume WHERE volume_id = $1";
    DEFAULTS = "SELECT COUNT(*) FROM volume WHERE is_default AND NOT is_closed";
}

#[derive(sqlx::FromRow)]
struct VolumeColumns {
    volume_id: String,
    name: String,
    root: String,
    mark: String,
    reserve_bytes: Option<i64>,
    is_closed: bool,
    is_default: bool,
    created_at: i64,
    updated_at: i64,
    version: Version,
}

impl VolumeColumns {
    fn read(self) -> Result<StorageVolume, StoreError> {
        let row = RowName {
            table: "volume",
            id: &self.volume_id,
        };
        Ok(StorageVolume {
            id: row.parse("volume_id", &self.volume_id)?,
            reserve: row.limit("reserve_bytes", self.reserve_bytes)?,
            name: self.name,
            root: self.root,
            mark: self.mark,
            is_closed: self.is_closed,
            is_default: self.is_default,
            created_at: Timestamp::from_millis(self.created_at),
            updated_at: Timestamp::from_millis(self.updated_at),
            version: self.version,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ListedColumns {
    #[sqlx(flatten)]
    volume: VolumeColumns,
    accounts: i64,
    used_bytes: i64,
    used_files: i64,
    deleted_accounts: i64,
    deleted_bytes: i64,
    deleted_files: i64,
}

impl ListedColumns {
    fn read(self) -> Result<VolumeRow, StoreError> {
        let volume = self.volume.read()?;
        let id = volume.id.to_string();
        let row = RowName {
            table: "volume",
            id: &id,
        };
        Ok(VolumeRow {
            volume,
            accounts: row.amount("accounts", self.accounts)?,
            usage: Usage {
                bytes: row.amount("used_bytes", self.used_bytes)?,
                files: row.amount("used_files", self.used_files)?,
            },
            deleted_accounts: row.amount("deleted_accounts", self.deleted_accounts)?,
            deleted: Usage {
                bytes: row.amount("deleted_bytes", self.deleted_bytes)?,
                files: row.amount("deleted_files", self.deleted_files)?,
            },
        })
    }
}

impl RowName<'_> {
    /// Reads the volume of an account; one that names none is on the first.
    pub(super) fn volume_id(&self, stored: Option<&str>) -> Result<VolumeId, StoreError> {
        stored.map_or(Ok(VolumeId::FIRST), |text| self.parse("volume_id", text))
    }
}

impl Db {
    /// The volume `id`.
    pub async fn volume(&self, id: VolumeId) -> Result<Option<StorageVolume>, StoreError> {
        let row: Option<VolumeColumns> = on_reader!(self, |pool| sqlx::query_as(BY_ID)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        row.map(VolumeColumns::read).transpose()
    }

    /// Every volume, by name.
    pub async fn volumes(&self) -> Result<Vec<StorageVolume>, StoreError> {
        let found: Vec<VolumeColumns> =
            on_reader!(self, |pool| sqlx::query_as(ALL).fetch_all(pool).await)?;
        found.into_iter().map(VolumeColumns::read).collect()
    }

    /// Every volume with what is booked on it, by name.
    pub async fn volume_rows(&self) -> Result<Vec<VolumeRow>, StoreError> {
        let found: Vec<ListedColumns> =
            on_reader!(self, |pool| sqlx::query_as(LISTED).fetch_all(pool).await)?;
        found.into_iter().map(ListedColumns::read).collect()
    }
}

impl Tx {
    /// Adds a volume. If it is the default, no other is any more.
    ///
    /// # Errors
    ///
    /// `Conflict::VolumeName` and `Conflict::VolumeRoot` if another one has the name or the folder.
    pub async fn insert_volume(&mut self, volume: &StorageVolume) -> Result<(), StoreError> {
        self.clear_other_default_volumes(volume).await?;
        let id = volume.id.to_string();
        let row = RowName {
            table: "volume",
            id: &id,
        };
        execute!(
            self,
            INSERT,
            &id,
            &volume.name,
            folded(&volume.name),
            &volume.root,
            &volume.mark,
            row.bigint_limit("reserve_bytes", volume.reserve)?,
            volume.is_closed,
            volume.is_default,
            volume.created_at.as_millis(),
            volume.updated_at.as_millis(),
            volume.version
        )?;
        self.require_default_volume().await
    }

    /// Saves name, folder, reserve and whether it takes new accounts, and raises the version. If it is
    /// the default, no other is any more. `volume.version` is the one that was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stale`] if somebody else saved first, `Conflict::VolumeName` and
    /// `Conflict::VolumeRoot` if another one has the name or the folder, `Conflict::DefaultVolume` if
    /// new accounts would have nowhere to go.
    pub async fn save_volume(
        &mut self,
        volume: &StorageVolume,
        at: Timestamp,
    ) -> Result<Version, StoreError> {
        self.clear_other_default_volumes(volume).await?;
        let id = volume.id.to_string();
        let row = RowName {
            table: "volume",
            id: &id,
        };
        let reserve = row.bigint_limit("reserve_bytes", volume.reserve)?;
        let version = on_tx!(self, |connection| sqlx::query_scalar(SAVE)
            .bind(&id)
            .bind(volume.version)
            .bind(&volume.name)
            .bind(folded(&volume.name))
            .bind(&volume.root)
            .bind(reserve)
            .bind(volume.is_closed)
            .bind(volume.is_default)
            .bind(at.as_millis())
            .fetch_optional(connection)
            .await)?
        .ok_or(StoreError::Stale)?;
        self.require_default_volume().await?;
        Ok(version)
    }

    /// Writes down what the mark in the folder says; `false` if that was written down before.
    pub async fn set_volume_mark(&mut self, id: VolumeId, mark: &str) -> Result<bool, StoreError> {
        let affected = execute!(self, SET_MARK, id.to_string(), mark)?;
        Ok(affected > 0)
    }

    /// Removes a volume; `false` if there is no such volume.
    ///
    /// # Errors
    ///
    /// `Conflict::InUse` while an account or files of a deleted one are there,
    /// `Conflict::DefaultVolume` if it is the default.
    pub async fn delete_volume(&mut self, id: VolumeId) -> Result<bool, StoreError> {
        let affected = execute!(self, DELETE, id.to_string()).map_err(StoreError::of_delete)?;
        if affected == 0 {
            return Ok(false);
        }
        self.require_default_volume().await?;
        Ok(true)
    }

    async fn clear_other_default_volumes(
        &mut self,
        volume: &StorageVolume,
    ) -> Result<(), StoreError> {
        if volume.is_default {
            execute!(self, NO_OTHER_DEFAULT, volume.id.to_string())?;
        }
        Ok(())
    }

    async fn require_default_volume(&mut self) -> Result<(), StoreError> {
        let defaults: i64 = on_tx!(self, |connection| sqlx::query_scalar(DEFAULTS)
            .fetch_one(connection)
            .await)?;
        if defaults == 1 {
            Ok(())
        } else {
            Err(StoreError::Conflict(Conflict::DefaultVolume))
        }
    }
}
