-- What else is ruled about an account: until when and from where it may log in, and how its
-- sessions treat files. `networks` and `session_rules` are JSON objects; what they leave out is as
-- it was before. They are always read and saved with their account, under its version.

ALTER TABLE plan ADD COLUMN account_sessions_per_address BIGINT;
ALTER TABLE plan ADD COLUMN denied_names TEXT NOT NULL DEFAULT '';

ALTER TABLE account ADD COLUMN sessions_per_address_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN sessions_per_address_limit BIGINT;
ALTER TABLE account ADD COLUMN expires_at BIGINT;
ALTER TABLE account ADD COLUMN networks TEXT NOT NULL DEFAULT '{}';
ALTER TABLE account ADD COLUMN session_rules TEXT NOT NULL DEFAULT '{}';
