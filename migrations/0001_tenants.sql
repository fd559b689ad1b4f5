-- Plans, customers, accounts and what the accounts hold.
--
-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BOOLEAN only. Ids are UUIDv7 text, times are
-- milliseconds since 1970, a limit of NULL means "no limit", and `…_key` columns hold the name in
-- lower case so that both engines agree on what is equal.

CREATE TABLE sequence (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO sequence (name, value) VALUES ('audit_event', 0), ('setting_revision', 0);

CREATE TABLE plan (
    plan_id          TEXT    NOT NULL PRIMARY KEY,
    name             TEXT    NOT NULL,
    name_key         TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    pool_bytes       BIGINT,
    pool_files       BIGINT,
    max_accounts     BIGINT,
    account_bytes    BIGINT,
    account_files    BIGINT,
    account_sessions BIGINT,
    is_default       BOOLEAN NOT NULL,
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL,
    version          BIGINT  NOT NULL,
    CONSTRAINT plan_name_unique UNIQUE (name_key)
);

CREATE UNIQUE INDEX plan_default_unique ON plan (is_default) WHERE is_default;

CREATE TABLE customer (
    customer_id        TEXT    NOT NULL PRIMARY KEY,
    name               TEXT    NOT NULL,
    name_key           TEXT    NOT NULL,
    slug               TEXT    NOT NULL,
    contact_email      TEXT    NOT NULL,
    plan_id            TEXT    NOT NULL REFERENCES plan (plan_id),
    status             TEXT    NOT NULL,
    pool_bytes_own     BOOLEAN NOT NULL,
    pool_bytes_limit   BIGINT,
    pool_files_own     BOOLEAN NOT NULL,
    pool_files_limit   BIGINT,
    max_accounts_own   BOOLEAN NOT NULL,
    max_accounts_limit BIGINT,
    notes              TEXT    NOT NULL,
    created_at         BIGINT  NOT NULL,
    updated_at         BIGINT  NOT NULL,
    version            BIGINT  NOT NULL,
    CONSTRAINT customer_name_unique UNIQUE (name_key),
    CONSTRAINT customer_slug_unique UNIQUE (slug)
);

CREATE INDEX customer_plan_index ON customer (plan_id);

CREATE TABLE account (
    account_id          TEXT    NOT NULL PRIMARY KEY,
    username            TEXT    NOT NULL,
    customer_id         TEXT    NOT NULL REFERENCES customer (customer_id),
    status              TEXT    NOT NULL,
    suspend_reason      TEXT    NOT NULL,
    password_hash       TEXT    NOT NULL,
    password_changed_at BIGINT  NOT NULL,
    home                TEXT    NOT NULL,
    permissions         TEXT    NOT NULL,
    tls                 TEXT    NOT NULL,
    bytes_own           BOOLEAN NOT NULL,
    bytes_limit         BIGINT,
    files_own           BOOLEAN NOT NULL,
    files_limit         BIGINT,
    sessions_own        BOOLEAN NOT NULL,
    sessions_limit      BIGINT,
    notes               TEXT    NOT NULL,
    last_login_at       BIGINT,
    last_login_ip       TEXT    NOT NULL,
    created_at          BIGINT  NOT NULL,
    updated_at          BIGINT  NOT NULL,
    version             BIGINT  NOT NULL,
    CONSTRAINT account_username_unique UNIQUE (username),
    CONSTRAINT account_home_unique UNIQUE (home)
);

CREATE INDEX account_customer_index ON account (customer_id);

-- What the files of an account add up to. `dirty` is set while changes may be ahead of the figures,
-- so that a crash leaves a mark on exactly the accounts that must be counted again.
CREATE TABLE quota_usage (
    account_id TEXT    NOT NULL PRIMARY KEY REFERENCES account (account_id) ON DELETE CASCADE,
    used_bytes BIGINT  NOT NULL,
    used_files BIGINT  NOT NULL,
    dirty      BOOLEAN NOT NULL,
    updated_at BIGINT  NOT NULL
);

-- Room that another node has promised to a running upload.
CREATE TABLE quota_reservation (
    reservation_id TEXT   NOT NULL PRIMARY KEY,
    account_id     TEXT   NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    customer_id    TEXT   NOT NULL REFERENCES customer (customer_id) ON DELETE CASCADE,
    bytes          BIGINT NOT NULL,
    files          BIGINT NOT NULL,
    node           TEXT   NOT NULL,
    expires_at     BIGINT NOT NULL
);

CREATE INDEX quota_reservation_account_index ON quota_reservation (account_id);
