-- The transfer journal, narrow: writing a row must cost a small upload next to nothing. Ids are two
-- integers each, the upper and the lower half of the UUID as signed numbers, which are compared much
-- faster than text, and one of them is enough to index by, because the lower half is random. The id of a
-- row begins with the moment of its end, so a range of `id_high` is a range of time. Operations and
-- results are numbers (src/store/journal_codes.rs says which), and what is empty is NULL.
--
-- `path` and `target` hold 600 characters, so that PostgreSQL can index them whole and answer from the
-- index alone; what is longer continues in `…_rest`. `ip` is the address in a form whose order is that
-- of addresses. Rows of `transfer` move here when the database is opened.

CREATE TABLE journal (
    id_high       BIGINT  NOT NULL,
    id_low        BIGINT  NOT NULL,
    session_high  BIGINT  NOT NULL,
    session_low   BIGINT  NOT NULL,
    account_high  BIGINT  NOT NULL,
    account_low   BIGINT  NOT NULL,
    customer_high BIGINT  NOT NULL,
    customer_low  BIGINT  NOT NULL,
    username      TEXT    NOT NULL,
    operation     BIGINT  NOT NULL,
    path          TEXT    NOT NULL,
    path_rest     TEXT,
    target        TEXT,
    target_rest   TEXT,
    bytes         BIGINT  NOT NULL,
    byte_offset   BIGINT  NOT NULL,
    size          BIGINT,
    size_before   BIGINT,
    sha256        TEXT,
    started_at    BIGINT  NOT NULL,
    ended_at      BIGINT  NOT NULL,
    result        BIGINT  NOT NULL,
    reason        TEXT,
    reply_code    BIGINT  NOT NULL,
    ip            TEXT    NOT NULL,
    tls           BOOLEAN NOT NULL,
    PRIMARY KEY (id_high, id_low)
);

CREATE INDEX journal_account_index ON journal (account_low, id_high, id_low);
CREATE INDEX journal_customer_index ON journal (customer_low, id_high, id_low);
CREATE INDEX journal_address_index ON journal (ip, id_high, id_low);
CREATE INDEX journal_path_index
    ON journal (path COLLATE "binary", account_low, id_high, id_low);
CREATE INDEX journal_target_index
    ON journal (target COLLATE "binary", account_low, id_high, id_low)
 WHERE target IS NOT NULL;
-- What is rare among uploads and downloads is found without reading those.
CREATE INDEX journal_operation_index ON journal (operation, id_high, id_low) WHERE operation > 2;
CREATE INDEX journal_result_index ON journal (result, id_high, id_low) WHERE result > 1;
