-- Work that takes longer than an answer may, and the files of deleted accounts.

CREATE TABLE job (
    job_id       TEXT    NOT NULL PRIMARY KEY,
    kind         TEXT    NOT NULL,
    -- What it is about, as shown, and its id: only one job of a subject runs at a time.
    subject      TEXT    NOT NULL,
    subject_id   TEXT    NOT NULL,
    -- What exactly is to be done, as JSON that the kind understands.
    spec         TEXT    NOT NULL,
    actor        TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    is_cancelled BOOLEAN NOT NULL,
    done         BIGINT  NOT NULL,
    total        BIGINT,
    unit         TEXT    NOT NULL,
    result       TEXT    NOT NULL,
    facts        TEXT    NOT NULL,
    log          TEXT    NOT NULL,
    created_at   BIGINT  NOT NULL,
    started_at   BIGINT,
    ended_at     BIGINT,
    version      BIGINT  NOT NULL
);

CREATE INDEX job_state_index ON job (state, job_id);
CREATE INDEX job_subject_index ON job (subject_id, job_id);
CREATE INDEX job_ended_index ON job (ended_at);

-- Files without an account. They stay until somebody removes them if `due_at` is NULL.
CREATE TABLE trash (
    account_id  TEXT    NOT NULL PRIMARY KEY,
    username    TEXT    NOT NULL,
    customer_id TEXT    NOT NULL,
    customer    TEXT    NOT NULL,
    -- Beneath the folder of all homes.
    place       TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    used_bytes  BIGINT  NOT NULL,
    used_files  BIGINT  NOT NULL,
    deleted_by  TEXT    NOT NULL,
    deleted_at  BIGINT  NOT NULL,
    due_at      BIGINT,
    CONSTRAINT trash_place_unique UNIQUE (place)
);

CREATE INDEX trash_due_index ON trash (due_at);

-- When the figures were last compared with the disk.
ALTER TABLE quota_usage ADD COLUMN counted_at BIGINT;
