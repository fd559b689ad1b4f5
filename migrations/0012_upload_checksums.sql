-- Whether uploads of a plan's accounts get a checksum; NULL is as the settings say. What an account says
-- itself stands in its `session_rules`.

ALTER TABLE plan ADD COLUMN checksum TEXT;
