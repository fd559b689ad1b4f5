-- The transfer journal. Rows are only added and, when they are old, removed; they keep the user
-- name of their moment and refer to no account, because they outlive it.

CREATE TABLE transfer (
    transfer_id TEXT    NOT NULL PRIMARY KEY,
    session_id  TEXT    NOT NULL,
    account_id  TEXT    NOT NULL,
    customer_id TEXT    NOT NULL,
    username    TEXT    NOT NULL,
    operation   TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    bytes       BIGINT  NOT NULL,
    byte_offset BIGINT  NOT NULL,
    size        BIGINT,
    started_at  BIGINT  NOT NULL,
    ended_at    BIGINT  NOT NULL,
    result      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    reply_code  BIGINT  NOT NULL,
    ip          TEXT    NOT NULL,
    tls         BOOLEAN NOT NULL
);

CREATE INDEX transfer_account_index ON transfer (account_id, transfer_id);
CREATE INDEX transfer_customer_index ON transfer (customer_id, transfer_id);
CREATE INDEX transfer_ended_index ON transfer (ended_at);
