-- By what the password of an imported account is known again when its file is imported once more: SHA-256
-- of the hash in the file, as hexadecimal digits. The hash itself goes when it is renewed.

CREATE TABLE account_import (
    account_id      TEXT   NOT NULL PRIMARY KEY REFERENCES account (account_id) ON DELETE CASCADE,
    password_digest TEXT   NOT NULL,
    imported_at     BIGINT NOT NULL
);
