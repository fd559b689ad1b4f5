-- What a deleted account was, so that it can be made again while its files are there; and how
-- long they are.

-- JSON of everything that stood in its row, the hash of its password included. NULL for an account that was
-- deleted before this was kept.
ALTER TABLE trash ADD COLUMN account TEXT;
-- Whether somebody has begun to remove the files.
ALTER TABLE trash ADD COLUMN is_partial BOOLEAN NOT NULL DEFAULT FALSE;
-- Days that files of deleted accounts stay in the trash; NULL as the settings say.
ALTER TABLE plan ADD COLUMN trash_days BIGINT;
