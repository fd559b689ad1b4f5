-- The largest file and the rates of an account; NULL means "no limit" in a plan, and in an account
-- where `…_own` says that it does not follow the plan.

ALTER TABLE plan ADD COLUMN account_file_bytes BIGINT;
ALTER TABLE plan ADD COLUMN account_upload_rate BIGINT;
ALTER TABLE plan ADD COLUMN account_download_rate BIGINT;
ALTER TABLE plan ADD COLUMN session_upload_rate BIGINT;
ALTER TABLE plan ADD COLUMN session_download_rate BIGINT;

ALTER TABLE account ADD COLUMN file_bytes_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN file_bytes_limit BIGINT;
ALTER TABLE account ADD COLUMN upload_rate_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN upload_rate_limit BIGINT;
ALTER TABLE account ADD COLUMN download_rate_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN download_rate_limit BIGINT;
ALTER TABLE account ADD COLUMN session_upload_rate_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN session_upload_rate_limit BIGINT;
ALTER TABLE account ADD COLUMN session_download_rate_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN session_download_rate_limit BIGINT;
