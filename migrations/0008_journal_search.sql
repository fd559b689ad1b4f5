-- What the journal is searched by, how long a plan keeps it, and the last upload of an account.
--
-- The id of a row is made when the transfer ends and begins with that moment, so that a range of ids
-- is a range of time and no index on the time is needed. `ip_key` is the address in a form whose
-- order is that of addresses. Paths are compared byte by byte; the collation "binary" is SQLite's own
-- and is made on PostgreSQL before the migrations. No index on a path holds more than 600 characters
-- of it, because PostgreSQL refuses entries of more than a third of a page.

ALTER TABLE transfer ADD COLUMN size_before BIGINT;
ALTER TABLE transfer ADD COLUMN sha256 TEXT;
ALTER TABLE transfer ADD COLUMN ip_key TEXT NOT NULL DEFAULT '';

DROP INDEX transfer_ended_index;

CREATE INDEX transfer_path_index
    ON transfer (substr(path, 1, 600) COLLATE "binary", account_id, transfer_id);
CREATE INDEX transfer_target_index
    ON transfer (substr(target, 1, 600) COLLATE "binary", account_id, transfer_id)
 WHERE target <> '';
CREATE INDEX transfer_address_index ON transfer (ip_key, transfer_id);
-- What is rare among uploads and downloads is found without reading those.
CREATE INDEX transfer_operation_index ON transfer (operation, transfer_id)
 WHERE operation <> 'upload' AND operation <> 'download';
CREATE INDEX transfer_result_index ON transfer (result, transfer_id) WHERE result <> 'complete';

-- Without an own value, a plan keeps the journal as long as the settings say; NULL is for ever.
ALTER TABLE plan ADD COLUMN journal_days_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE plan ADD COLUMN journal_days BIGINT;

ALTER TABLE account ADD COLUMN last_upload_at BIGINT;
UPDATE account
   SET last_upload_at = (
       SELECT MAX(t.ended_at) FROM transfer t
        WHERE t.account_id = account.account_id AND t.result = 'complete'
          AND (t.operation = 'upload' OR t.operation = 'append'));
