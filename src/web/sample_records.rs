//! Made-up records for the samples of pages: one customer with one account, a long hostile name, and
//! a plan with every limit.

use crate::clock::Timestamp;
use crate::hosting::accounts::AccountDetails;
use crate::hosting::connection_card::{ConnectionCard, ListenerTls, ServiceAddress};
use crate::hosting::customers::CustomerDetails;
use crate::hosting::limits::{EffectiveLimits, max_accounts};
use crate::model::page::PlanRow;
use crate::model::{
    Account, AccountId, AccountLimits, AccountStatus, Customer, CustomerId, CustomerStatus,
    LoginRules, Moved, Override, PasswordHash, PathRules, Period, PeriodTraffic, PermissionProfile,
    Plan, PlanId, PoolTraffic, SessionRules, TlsRule, Traffic, Usage, VolumeId,
};

/// A name that would be dangerous if it were not escaped.
pub(crate) const HOSTILE: &str = "<img src=x onerror=1> & “Söhne” \u{202e}gnp.exe";

const MADE: Timestamp = Timestamp::from_seconds(1_731_571_200);
const GIB: u64 = 1 << 30;

/// A plan with every limit set but one.
pub(crate) fn plan() -> Plan {
    Plan {
        id: PlanId::from_parts(1, [1; 10]),
        name: "Business".to_owned(),
        description: "Companies with a few people.".to_owned(),
        pool_bytes: Some(200 * GIB),
        pool_files: None,
        max_accounts: Some(25),
        pool_traffic: Traffic {
            both: Some(500 * GIB),
            ..Traffic::default()
        },
        account: AccountLimits {
            bytes: Some(50 * GIB),
            files: Some(100_000),
            sessions: Some(8),
            traffic: Traffic {
                down: Some(200 * GIB),
                ..Traffic::default()
            },
            ..AccountLimits::default()
        },
        journal_days: Override::Inherit,
        trash_days: None,
        denied_names: "*.exe".parse().unwrap_or_default(),
        checksum: Override::Inherit,
        is_default: true,
        created_at: MADE,
        updated_at: MADE,
        version: 3,
    }
}

/// The plan in a list.
pub(crate) fn plan_row() -> PlanRow {
    PlanRow {
        plan: plan(),
        customers: 41,
    }
}

/// A customer with a hostile name and an own pool.
pub(crate) fn customer() -> Customer {
    Customer {
        id: CustomerId::from_parts(2, [2; 10]),
        name: HOSTILE.to_owned(),
        slug: "kestrel-print".to_owned(),
        contact_email: "prepress@kestrel-print.example".to_owned(),
        plan_id: plan().id,
        status: CustomerStatus::Active,
        pool_bytes: Override::Own(Some(100 * GIB)),
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        traffic: PoolTraffic::default(),
        notes: HOSTILE.to_owned(),
        created_at: MADE,
        updated_at: MADE,
        version: 1,
    }
}

/// An account that was used, with an exception for encryption.
pub(crate) fn account() -> Account {
    Account {
        id: AccountId::from_parts(3, [3; 10]),
        username: "kestrel-print".parse().unwrap(),
        customer_id: customer().id,
        status: AccountStatus::Active,
        suspend_reason: String::new(),
        password_hash: PasswordHash::new(String::new()),
        password_changed_at: MADE,
        volume_id: VolumeId::FIRST,
        home: "kestrel-print/kestrel-print-3f9a1c".to_owned(),
        permissions: PermissionProfile::Full,
        rules: PathRules::default(),
        tls: TlsRule::Optional,
        login: LoginRules::default(),
        session: SessionRules::default(),
        limits: AccountLimits {
            files: Override::Own(None),
            sessions: Override::Own(Some(5)),
            ..AccountLimits::default()
        },
        notes: HOSTILE.to_owned(),
        last_login_at: Some(Timestamp::from_seconds(1_773_322_000)),
        last_login_ip: "198.51.100.23".to_owned(),
        last_upload_at: Some(Timestamp::from_seconds(1_773_321_000)),
        created_at: MADE,
        updated_at: MADE,
        version: 4,
    }
}

/// A month of traffic that is not over.
pub(crate) fn traffic() -> PeriodTraffic {
    PeriodTraffic {
        period: Period {
            begin: Timestamp::from_seconds(1_772_323_200),
            end: Timestamp::from_seconds(1_775_001_600),
        },
        moved: Moved {
            up: 12 * GIB,
            down: 190 * GIB,
        },
    }
}

/// The account with limits and usage; suspended if that is wanted.
pub(crate) fn account_details(status: AccountStatus) -> AccountDetails {
    let account = Account {
        status,
        suspend_reason: if status == AccountStatus::Suspended {
            HOSTILE.to_owned()
        } else {
            String::new()
        },
        ..account()
    };
    AccountDetails {
        limits: EffectiveLimits::of(&account, &customer(), &plan()),
        customer: customer(),
        plan: plan(),
        usage: Usage {
            bytes: 41_016_938_496,
            files: 12_480,
        },
        pool_usage: Usage {
            bytes: 98 * GIB,
            files: 40_112,
        },
        traffic: traffic(),
        pool_traffic: traffic(),
        sessions: 2,
        standing: account.standing(MADE),
        account,
    }
}

/// The account some time after its end.
pub(crate) fn expired_account_details() -> AccountDetails {
    let mut details = account_details(AccountStatus::Active);
    details.account.login.expires_at = Some(MADE);
    details.standing = details.account.standing(MADE);
    details
}

/// The customer with its account.
pub(crate) fn customer_details() -> CustomerDetails {
    let account = account();
    let limits = EffectiveLimits::of(&account, &customer(), &plan());
    CustomerDetails {
        max_accounts: max_accounts(&customer(), &plan()),
        pool_bytes: limits.pool_bytes,
        pool_files: limits.pool_files,
        pool_traffic: limits.pool_traffic,
        traffic: traffic(),
        usage: Usage {
            bytes: 98 * GIB,
            files: 40_112,
        },
        accounts: vec![account],
        sessions: 2,
        customer: customer(),
        plan: plan(),
    }
}

/// The connection card of the account on a server with a self-signed certificate.
pub(crate) fn card(rule: TlsRule) -> ConnectionCard {
    let service = ServiceAddress {
        service_name: "Northlight file transfer".to_owned(),
        host: "ftp.northlight.example".to_owned(),
        port: 2_121,
        listener: ListenerTls::Required,
        self_signed_fingerprint: "4F:9A:C1:07:5D:38:BE:11:F0:62:9C:AA:47:0D:83:2E".to_owned(),
    };
    ConnectionCard::new(service, account().username, rule)
}
