-- Administrators, settings, and what was changed by whom.

CREATE TABLE admin (
    admin_id      TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    email         TEXT   NOT NULL,
    email_key     TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    theme         TEXT   NOT NULL,
    last_login_at BIGINT,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    CONSTRAINT admin_email_unique UNIQUE (email_key)
);

CREATE TABLE admin_session (
    admin_session_id TEXT   NOT NULL PRIMARY KEY,
    token_hash       TEXT   NOT NULL,
    csrf             TEXT   NOT NULL,
    admin_id         TEXT   NOT NULL REFERENCES admin (admin_id) ON DELETE CASCADE,
    created_at       BIGINT NOT NULL,
    last_seen_at     BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    ip               TEXT   NOT NULL,
    user_agent       TEXT   NOT NULL,
    CONSTRAINT admin_session_token_unique UNIQUE (token_hash)
);

CREATE INDEX admin_session_admin_index ON admin_session (admin_id);
CREATE INDEX admin_session_expires_index ON admin_session (expires_at);

-- `version` is the number of the revision that set the value.
CREATE TABLE setting (
    key     TEXT   NOT NULL PRIMARY KEY,
    value   TEXT   NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE setting_revision (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    changes TEXT   NOT NULL
);

CREATE TABLE audit_event (
    seq       BIGINT NOT NULL PRIMARY KEY,
    at        BIGINT NOT NULL,
    admin_id  TEXT,
    actor     TEXT   NOT NULL,
    ip        TEXT   NOT NULL,
    action    TEXT   NOT NULL,
    object    TEXT   NOT NULL,
    object_id TEXT   NOT NULL,
    changes   TEXT   NOT NULL
);

CREATE INDEX audit_event_at_index ON audit_event (at);
CREATE INDEX audit_event_object_index ON audit_event (object_id, seq);

-- Marks that the service leaves for its next start, such as "stopped in good order".
CREATE TABLE service_fact (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
