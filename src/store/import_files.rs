//! Files with accounts that jobs work through, and their rows.

use sqlx::QueryBuilder;

use super::db::{Db, Tx, execute, on_reader, on_tx};
use super::error::StoreError;
use super::row::{RowName, rows};
use super::statements::queries;
use crate::clock::Timestamp;
use crate::model::{ImportCount, ImportFile, ImportId, ImportResult, ImportRow, ImportRowQuery};

queries! {
    FILE = "
        SELECT import_id, title, customer, changes_existing, new_customers, created_at
          FROM import_file WHERE import_id = $1";
    INSERT_FILE = "
        INSERT INTO import_file (
            import_id, title, customer, changes_existing, new_customers, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    ROWS = "
        SELECT number, place, username, wanted, old_home, told, is_done, outcome, detail, home
          FROM import_row
         WHERE import_id = $1 AND number > $2
           AND (CAST($3 AS TEXT) = '' OR outcome = $3)
           AND (NOT $4 OR wanted <> '')
         ORDER BY number
         LIMIT $5";
    COUNTS = "
        SELECT outcome, wanted <> '' AS is_left, COUNT(*) AS row_count
          FROM import_row
         WHERE import_id = $1
         GROUP BY outcome, wanted <> ''";
    // What is done is not to be done again, so that its hash has no reason to lie here.
    SETTLE = "
        UPDATE import_row
           SET outcome = $3, detail = $4, home = $5, is_done = $6,
               wanted = CASE WHEN $6 THEN '' ELSE wanted END
         WHERE import_id = $1 AND number = $2 AND NOT is_done";
    SET_CUSTOMERS = "UPDATE import_file SET new_customers = $2 WHERE import_id = $1";
    FORGET_BEFORE = "
        UPDATE import_row SET wanted = ''
         WHERE wanted <> ''
           AND import_id IN (
               SELECT import_id FROM import_file
                WHERE created_at < $1
                  AND NOT EXISTS (
                      SELECT 1 FROM job
                       WHERE job.subject_id = import_file.import_id
                         AND job.state IN ('queued', 'running')))";
    DELETE = "DELETE FROM import_file WHERE import_id = $1";
    DELETE_BEFORE = "
        DELETE FROM import_file
         WHERE import_id IN (
               SELECT import_id FROM import_file WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
}

/// What stands before the values of the rows that are added.
const INSERT_ROWS: &str = "
    INSERT INTO import_row (
        import_id, number, place, username, wanted, old_home, told, is_done, outcome, detail, home) ";
/// Rows of one statement.
const ROWS_AT_ONCE: usize = 64;

#[derive(sqlx::FromRow)]
struct FileColumns {
    import_id: String,
    title: String,
    customer: Option<String>,
    changes_existing: bool,
    new_customers: String,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct RowColumns {
    number: i64,
    place: String,
    username: String,
    wanted: String,
    old_home: String,
    told: String,
    is_done: bool,
    outcome: String,
    detail: String,
    home: String,
}

#[derive(sqlx::FromRow)]
struct CountColumns {
    outcome: String,
    is_left: bool,
    row_count: i64,
}

impl FileColumns {
    fn read(self) -> Result<ImportFile, StoreError> {
        let row = RowName {
            table: "import_file",
            id: &self.import_id,
        };
        let new_customers = serde_json::from_str(&self.new_customers);
        Ok(ImportFile {
            id: row.parse("import_id", &self.import_id)?,
            new_customers: new_customers.map_err(|_| row.bad("new_customers"))?,
            title: self.title,
            customer: self.customer,
            changes_existing: self.changes_existing,
            created_at: Timestamp::from_millis(self.created_at),
        })
    }
}

impl RowColumns {
    fn read(self, id: &str) -> Result<ImportRow, StoreError> {
        let row = row_name(id);
        Ok(ImportRow {
            number: row.amount("number", self.number)?,
            told: serde_json::from_str(&self.told).map_err(|_| row.bad("told"))?,
            place: self.place,
            username: self.username,
            wanted: self.wanted,
            old_home: self.old_home,
            is_done: self.is_done,
            result: ImportResult {
                outcome: self.outcome,
                detail: self.detail,
                home: self.home,
            },
        })
    }
}

fn row_name(id: &str) -> RowName<'_> {
    RowName {
        table: "import_row",
        id,
    }
}

fn texts(list: &[String]) -> String {
    serde_json::json!(list).to_string()
}

impl Db {
    /// The file with this id.
    pub async fn import_file(&self, id: ImportId) -> Result<Option<ImportFile>, StoreError> {
        let found: Option<FileColumns> = on_reader!(self, |pool| sqlx::query_as(FILE)
            .bind(id.to_string())
            .fetch_optional(pool)
            .await)?;
        found.map(FileColumns::read).transpose()
    }

    /// The rows of a file that match.
    pub async fn import_rows(
        &self,
        id: ImportId,
        query: &ImportRowQuery,
    ) -> Result<Vec<ImportRow>, StoreError> {
        let id = id.to_string();
        let after = row_name(&id).bigint("number", query.after)?;
        let found: Vec<RowColumns> = on_reader!(self, |pool| sqlx::query_as(ROWS)
            .bind(&id)
            .bind(after)
            .bind(&query.outcome)
            .bind(query.is_left)
            .bind(rows(query.limit))
            .fetch_all(pool)
            .await)?;
        found.into_iter().map(|row| row.read(&id)).collect()
    }

    /// How many rows of a file have which outcome.
    pub async fn import_counts(&self, id: ImportId) -> Result<Vec<ImportCount>, StoreError> {
        let id = id.to_string();
        let found: Vec<CountColumns> = on_reader!(self, |pool| sqlx::query_as(COUNTS)
            .bind(&id)
            .fetch_all(pool)
            .await)?;
        let count = |row: CountColumns| {
            Ok(ImportCount {
                rows: row_name(&id).amount("number", row.row_count)?,
                outcome: row.outcome,
                is_left: row.is_left,
            })
        };
        found.into_iter().map(count).collect()
    }
}

impl Tx {
    /// Adds a file and its rows.
    pub async fn insert_import(
        &mut self,
        file: &ImportFile,
        rows: &[ImportRow],
    ) -> Result<(), StoreError> {
        let id = file.id.to_string();
        execute!(
            self,
            INSERT_FILE,
            &id,
            &file.title,
            &file.customer,
            file.changes_existing,
            texts(&file.new_customers),
            file.created_at.as_millis()
        )?;
        for rows in rows.chunks(ROWS_AT_ONCE) {
            self.insert_import_rows(&id, rows).await?;
        }
        Ok(())
    }

    async fn insert_import_rows(&mut self, id: &str, rows: &[ImportRow]) -> Result<(), StoreError> {
        let number = |row: &ImportRow| row_name(id).bigint("number", row.number);
        let numbers: Vec<i64> = rows.iter().map(number).collect::<Result<_, _>>()?;
        on_tx!(self, |connection| {
            let mut insert = QueryBuilder::new(INSERT_ROWS);
            insert.push_values(numbers.iter().zip(rows), |mut values, (number, row)| {
                values
                    .push_bind(id)
                    .push_bind(*number)
                    .push_bind(&row.place)
                    .push_bind(&row.username)
                    .push_bind(&row.wanted)
                    .push_bind(&row.old_home)
                    .push_bind(texts(&row.told))
                    .push_bind(row.is_done)
                    .push_bind(&row.result.outcome)
                    .push_bind(&row.result.detail)
                    .push_bind(&row.result.home);
            });
            insert.build().execute(connection).await.map(drop)
        })?;
        Ok(())
    }

    /// Writes down what became of a row, and that this is its end if it is; `false` if it had come to
    /// its end before.
    pub async fn settle_import_row(
        &mut self,
        id: ImportId,
        number: u64,
        (result, is_done): (&ImportResult, bool),
    ) -> Result<bool, StoreError> {
        let id = id.to_string();
        let number = row_name(&id).bigint("number", number)?;
        let affected = execute!(
            self,
            SETTLE,
            &id,
            number,
            &result.outcome,
            &result.detail,
            &result.home,
            is_done
        )?;
        Ok(affected > 0)
    }

    /// Writes down which customers were made for a file.
    pub async fn set_import_customers(
        &mut self,
        id: ImportId,
        names: &[String],
    ) -> Result<(), StoreError> {
        execute!(self, SET_CUSTOMERS, id.to_string(), texts(names))?;
        Ok(())
    }

    /// Forgets what was wanted of rows that nobody wanted in the end: of files that came before
    /// `before` and with which no job has to do. Tells of how many rows.
    pub async fn forget_imports_before(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let affected = execute!(self, FORGET_BEFORE, before.as_millis())?;
        Ok(affected)
    }

    /// Removes a file with its rows.
    pub async fn delete_import(&mut self, id: ImportId) -> Result<(), StoreError> {
        execute!(self, DELETE, id.to_string())?;
        Ok(())
    }

    /// Removes at most `limit` files that came before `before`, and returns how many.
    pub async fn delete_imports_before(
        &mut self,
        before: Timestamp,
        limit: u64,
    ) -> Result<u64, StoreError> {
        let affected = execute!(self, DELETE_BEFORE, before.as_millis(), rows(limit))?;
        Ok(affected)
    }
}
