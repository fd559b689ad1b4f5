-- Volumes: folders of the host that hold homes, each perhaps on a disk of its own.
--
-- The first volume is the folder `files` of the data directory. Its `root` is empty, because the data
-- directory may be moved. `mark` is what the file `.quaymaster-volume` in the root says besides the id,
-- so that an empty folder where a disk should be mounted is not taken for the volume; it is empty
-- until the folder was marked. A `volume_id` of NULL, which an older program writes, is the first one.

CREATE TABLE volume (
    volume_id     TEXT    NOT NULL PRIMARY KEY,
    name          TEXT    NOT NULL,
    name_key      TEXT    NOT NULL,
    root          TEXT    NOT NULL,
    mark          TEXT    NOT NULL,
    -- NULL follows the setting `disk_reserve`.
    reserve_bytes BIGINT,
    -- Whether it takes no new accounts.
    is_closed     BOOLEAN NOT NULL,
    is_default    BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL,
    version       BIGINT  NOT NULL,
    CONSTRAINT volume_name_unique UNIQUE (name_key),
    CONSTRAINT volume_root_unique UNIQUE (root)
);

CREATE UNIQUE INDEX volume_default_unique ON volume (is_default) WHERE is_default;

INSERT INTO volume (
    volume_id, name, name_key, root, mark, reserve_bytes, is_closed, is_default, created_at,
    updated_at, version)
VALUES (
    '00000000-0000-7000-8000-000000000001', 'Files', 'files', '', '', NULL, FALSE, TRUE, 0, 0, 1);

ALTER TABLE account ADD COLUMN volume_id TEXT REFERENCES volume (volume_id);
ALTER TABLE trash ADD COLUMN volume_id TEXT REFERENCES volume (volume_id);

CREATE INDEX account_volume_index ON account (volume_id);

UPDATE account SET volume_id = '00000000-0000-7000-8000-000000000001';
UPDATE trash SET volume_id = '00000000-0000-7000-8000-000000000001';
