-- Files with accounts while jobs work through them, one row for each account. `wanted` is what is to
-- become of it, as JSON, with the hash of its password; it is emptied as soon as that is done, and after
-- a day if nobody wanted it.

CREATE TABLE import_file (
    import_id        TEXT    NOT NULL PRIMARY KEY,
    title            TEXT    NOT NULL,
    -- Whose accounts they are where the file does not tell.
    customer         TEXT,
    changes_existing BOOLEAN NOT NULL,
    -- Names of customers that are made for it, as JSON.
    new_customers    TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL
);

CREATE INDEX import_file_created_index ON import_file (created_at);

CREATE TABLE import_row (
    import_id TEXT    NOT NULL REFERENCES import_file (import_id) ON DELETE CASCADE,
    -- From 1, in the order of the file.
    number    BIGINT  NOT NULL,
    -- Where it stands, in words.
    place     TEXT    NOT NULL,
    username  TEXT    NOT NULL,
    wanted    TEXT    NOT NULL,
    old_home  TEXT    NOT NULL,
    -- Sentences, as JSON.
    told      TEXT    NOT NULL,
    is_done   BOOLEAN NOT NULL,
    -- What became of it, or would; empty until it was looked at.
    outcome   TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    home      TEXT    NOT NULL,
    PRIMARY KEY (import_id, number)
);
