//! What accounts and customers say about the traffic of a month. Two tables hold it in columns of the
//! same names, beside everything else that is known of them.

use super::db::{Tx, execute};
use super::error::StoreError;
use super::row::RowName;
use super::statements::queries;
use crate::model::{Account, Override, PoolTraffic, ResetDay, Traffic};

macro_rules! save {
    ($table:literal, $owner:literal, $more:literal) => {
        concat!(
            "UPDATE ",
            $table,
            "
                SET traffic_up_own = $2, traffic_up_limit = $3, traffic_down_own = $4,
                    traffic_down_limit = $5, traffic_both_own = $6, traffic_both_limit = $7",
            $more,
            "
              WHERE ",
            $owner,
            " = $1"
        )
    };
}

queries! {
    SAVE_ACCOUNT = save!("account", "account_id", "");
    SAVE_CUSTOMER = save!("customer", "customer_id", ", traffic_reset_day = $8");
}

/// The columns of [`TrafficColumns`], of the table with this short name.
macro_rules! traffic_columns {
    ($table:literal) => {
        concat!(
            $table,
            ".traffic_up_own, ",
            $table,
            ".traffic_up_limit, ",
            $table,
            ".traffic_down_own, ",
            $table,
            ".traffic_down_limit, ",
            $table,
            ".traffic_both_own, ",
            $table,
            ".traffic_both_limit"
        )
    };
}

pub(super) use traffic_columns;

/// Own limits as the engine returns them.
#[derive(sqlx::FromRow)]
pub(super) struct TrafficColumns {
    #[sqlx(rename = "traffic_up_own")]
    up_own: bool,
    #[sqlx(rename = "traffic_up_limit")]
    up_limit: Option<i64>,
    #[sqlx(rename = "traffic_down_own")]
    down_own: bool,
    #[sqlx(rename = "traffic_down_limit")]
    down_limit: Option<i64>,
    #[sqlx(rename = "traffic_both_own")]
    both_own: bool,
    #[sqlx(rename = "traffic_both_limit")]
    both_limit: Option<i64>,
}

impl TrafficColumns {
    /// Whether each is set, and its value.
    pub(super) fn pairs(&self) -> Traffic<(bool, Option<i64>)> {
        Traffic {
            up: (self.up_own, self.up_limit),
            down: (self.down_own, self.down_limit),
            both: (self.both_own, self.both_limit),
        }
    }
}

/// The same of a customer, with the day on which its months begin.
#[derive(sqlx::FromRow)]
pub(super) struct PoolTrafficColumns {
    #[sqlx(flatten)]
    limits: TrafficColumns,
    traffic_reset_day: i64,
}

impl PoolTrafficColumns {
    /// Checks every column.
    pub(super) fn read(&self, row: &RowName<'_>) -> Result<PoolTraffic, StoreError> {
        let read = |(own, limit)| row.own("a limit of traffic", own, limit);
        let day = u8::try_from(self.traffic_reset_day).ok();
        Ok(PoolTraffic {
            limits: self.limits.pairs().map(read).all()?,
            reset_day: row.named("traffic_reset_day", day.and_then(ResetDay::new))?,
        })
    }
}

impl Tx {
    /// Writes the limits of an account that was just inserted or saved.
    pub(super) async fn save_account_traffic(
        &mut self,
        row: &RowName<'_>,
        account: &Account,
    ) -> Result<(), StoreError> {
        let Traffic { up, down, both } = written(row, account.limits.traffic)?;
        execute!(
            self,
            SAVE_ACCOUNT,
            row.id,
            up.0,
            up.1,
            down.0,
            down.1,
            both.0,
            both.1
        )?;
        Ok(())
    }

    /// The same for a customer.
    pub(super) async fn save_pool_traffic(
        &mut self,
        row: &RowName<'_>,
        traffic: PoolTraffic,
    ) -> Result<(), StoreError> {
        let Traffic { up, down, both } = written(row, traffic.limits)?;
        let day = i64::from(traffic.reset_day.number());
        execute!(
            self,
            SAVE_CUSTOMER,
            row.id,
            up.0,
            up.1,
            down.0,
            down.1,
            both.0,
            both.1,
            day
        )?;
        Ok(())
    }
}

fn written(
    row: &RowName<'_>,
    limits: Traffic<Override>,
) -> Result<Traffic<(bool, Option<i64>)>, StoreError> {
    let write = |limit| row.bigint_own("a limit of traffic", limit);
    limits.map(write).all()
}
