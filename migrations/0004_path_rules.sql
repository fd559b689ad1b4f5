-- Rules for folders of an account, as JSON: a list of objects with `folder`, `permissions` and
-- `hidden`. They are always read and saved with their account, under its version.

ALTER TABLE account ADD COLUMN path_rules TEXT NOT NULL DEFAULT '[]';
