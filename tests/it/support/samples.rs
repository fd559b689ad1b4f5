//! Records that are alike in everything a test does not care about.

use quaymaster::clock::Timestamp;
use quaymaster::model::{
    Account, AccountId, AccountLimits, AccountStatus, Admin, AdminId, AdminStatus, Customer,
    CustomerId, CustomerStatus, JournalEntry, LoginRules, NamePatterns, Operation, Override,
    PasswordHash, PathRules, PermissionProfile, Plan, PlanId, PoolTraffic, Role, SessionId,
    SessionRules, StorageVolume, TlsRule, Traffic, TransferId, TransferResult, VolumeId,
};
use quaymaster::store::Db;

/// The moment at which the samples were made.
pub(crate) const MADE: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// The moment `seconds` after [`MADE`].
pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(MADE.as_seconds() + seconds)
}

macro_rules! numbered {
    ($($name:ident: $type:ty;)*) => {$(
        /// The id with this number; a higher number is later.
        pub(crate) fn $name(number: u8) -> $type {
            <$type>::from_parts(1_800_000_000_000 + u64::from(number), [number; 10])
        }
    )*};
}

numbered! {
    volume_id: VolumeId;
    account_id: AccountId;
    admin_id: AdminId;
    customer_id: CustomerId;
    plan_id: PlanId;
}

/// A plan without limits, the default.
pub(crate) fn plan(number: u8) -> Plan {
    Plan {
        id: plan_id(number),
        name: format!("Plan {number}"),
        description: "For tests".to_owned(),
        pool_bytes: None,
        pool_files: None,
        max_accounts: None,
        pool_traffic: Traffic::default(),
        account: AccountLimits::default(),
        journal_days: Override::Inherit,
        trash_days: None,
        denied_names: NamePatterns::default(),
        checksum: Override::Inherit,
        is_default: true,
        created_at: MADE,
        updated_at: MADE,
        version: 1,
    }
}

/// A customer on plan 1.
pub(crate) fn customer(number: u8, name: &str) -> Customer {
    Customer {
        id: customer_id(number),
        name: name.to_owned(),
        slug: format!("customer-{number}"),
        contact_email: format!("Desk{number}@Example.net"),
        plan_id: plan_id(1),
        status: CustomerStatus::Active,
        pool_bytes: Override::Inherit,
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        traffic: PoolTraffic::default(),
        notes: String::new(),
        created_at: later(i64::from(number)),
        updated_at: MADE,
        version: 1,
    }
}

/// An account of customer 1.
pub(crate) fn account(number: u8, username: &str) -> Account {
    Account {
        id: account_id(number),
        username: username.parse().unwrap(),
        customer_id: customer_id(1),
        status: AccountStatus::Active,
        suspend_reason: String::new(),
        password_hash: PasswordHash::new("$argon2id$sample".to_owned()),
        password_changed_at: MADE,
        volume_id: VolumeId::FIRST,
        home: format!("customer-1/{username}-{number}"),
        permissions: PermissionProfile::Full,
        rules: PathRules::default(),
        tls: TlsRule::Inherit,
        login: LoginRules::default(),
        session: SessionRules::default(),
        limits: AccountLimits::default(),
        notes: String::new(),
        last_login_at: None,
        last_login_ip: String::new(),
        last_upload_at: None,
        created_at: later(i64::from(number)),
        updated_at: MADE,
        version: 1,
    }
}

/// An owner.
pub(crate) fn admin(number: u8, email: &str) -> Admin {
    Admin {
        id: admin_id(number),
        name: format!("Admin {number}"),
        email: email.to_owned(),
        password_hash: PasswordHash::new("$argon2id$sample".to_owned()),
        role: Role::Owner,
        status: AdminStatus::Active,
        theme: "auto".to_owned(),
        last_login_at: None,
        created_at: MADE,
        updated_at: MADE,
        version: 1,
    }
}

/// The id of the transfer with this number that ended `seconds` after [`MADE`].
pub(crate) fn transfer_id(number: u8, seconds: i64) -> TransferId {
    let ended = u64::try_from(later(seconds).as_millis()).expect("a time after 1970");
    TransferId::from_parts(ended, [number; 10])
}

/// A complete upload of 100 bytes by account 1, `seconds` after [`MADE`].
pub(crate) fn transfer(number: u8, seconds: i64) -> JournalEntry {
    JournalEntry {
        id: transfer_id(number, seconds),
        session_id: SessionId::from_parts(1, [1; 10]),
        account_id: account_id(1),
        customer_id: customer_id(1),
        username: "kestrel".to_owned(),
        operation: Operation::Upload,
        path: format!("/in/File-{number}.pdf"),
        target: String::new(),
        bytes: 100,
        offset: 0,
        size: Some(100),
        size_before: None,
        sha256: None,
        started_at: later(seconds - 1),
        ended_at: later(seconds),
        result: TransferResult::Complete,
        reason: String::new(),
        reply_code: 226,
        ip: "192.0.2.7".parse().unwrap(),
        tls: true,
    }
}

/// Stores plan 1, customer 1 (`Kestrel`) and accounts 1, 2, … of the given names.
pub(crate) async fn store_accounts(db: &Db, usernames: &[&str]) {
    let mut tx = db.begin().await.unwrap();
    tx.insert_plan(&plan(1)).await.unwrap();
    tx.insert_customer(&customer(1, "Kestrel")).await.unwrap();
    for (number, username) in (1..).zip(usernames) {
        tx.insert_account(&account(number, username)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// A volume that follows the settings and is not the default.
pub(crate) fn volume(number: u8) -> StorageVolume {
    StorageVolume {
        id: volume_id(number),
        name: format!("Disk {number}"),
        root: format!("/disks/{number}"),
        mark: format!("mark-{number}"),
        reserve: None,
        is_closed: false,
        is_default: false,
        created_at: later(i64::from(number)),
        updated_at: MADE,
        version: 1,
    }
}
