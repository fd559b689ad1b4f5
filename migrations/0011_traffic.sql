-- Monthly traffic allowances: limits of plans, customers and accounts, and what was moved in each
-- period. NULL means "no limit", in customers and accounts where `…_own` says that they do not follow
-- the plan.

ALTER TABLE plan ADD COLUMN account_traffic_up BIGINT;
ALTER TABLE plan ADD COLUMN account_traffic_down BIGINT;
ALTER TABLE plan ADD COLUMN account_traffic_both BIGINT;
ALTER TABLE plan ADD COLUMN pool_traffic_up BIGINT;
ALTER TABLE plan ADD COLUMN pool_traffic_down BIGINT;
ALTER TABLE plan ADD COLUMN pool_traffic_both BIGINT;

ALTER TABLE customer ADD COLUMN traffic_up_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE customer ADD COLUMN traffic_up_limit BIGINT;
ALTER TABLE customer ADD COLUMN traffic_down_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE customer ADD COLUMN traffic_down_limit BIGINT;
ALTER TABLE customer ADD COLUMN traffic_both_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE customer ADD COLUMN traffic_both_limit BIGINT;
ALTER TABLE customer ADD COLUMN traffic_reset_day BIGINT NOT NULL DEFAULT 1;

ALTER TABLE account ADD COLUMN traffic_up_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN traffic_up_limit BIGINT;
ALTER TABLE account ADD COLUMN traffic_down_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN traffic_down_limit BIGINT;
ALTER TABLE account ADD COLUMN traffic_both_own BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE account ADD COLUMN traffic_both_limit BIGINT;

-- One row for each period in which something was counted. A customer's row is no sum of its accounts':
-- what an account moved that was deleted since is in it.
CREATE TABLE account_traffic (
    account_id   TEXT   NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    period_begin BIGINT NOT NULL,
    period_end   BIGINT NOT NULL,
    up_bytes     BIGINT NOT NULL,
    down_bytes   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (account_id, period_begin)
);

CREATE TABLE customer_traffic (
    customer_id  TEXT   NOT NULL REFERENCES customer (customer_id) ON DELETE CASCADE,
    period_begin BIGINT NOT NULL,
    period_end   BIGINT NOT NULL,
    up_bytes     BIGINT NOT NULL,
    down_bytes   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (customer_id, period_begin)
);
