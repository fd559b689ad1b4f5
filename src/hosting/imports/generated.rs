//! Made-up accounts for tests: whatever an account can hold, in any combination.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::record::Wanted;
use crate::clock::Timestamp;
use crate::model::{
    Account, AccountId, AccountLimits, AccountStatus, Checksum, CustomerId, Durability, LoginRules,
    NetworkRules, Networks, Override, PasswordHash, PathRule, PathRules, Permission,
    PermissionProfile, Permissions, SessionRules, TlsRule, VirtualPath, VolumeId,
};

/// What [`crate::hosting::imports::making`] would make of nothing but a name.
pub(super) fn newcomer(name: &str) -> Account {
    Account {
        id: AccountId::from_parts(1, [1; 10]),
        username: name.parse().unwrap(),
        customer_id: CustomerId::from_parts(1, [1; 10]),
        status: AccountStatus::Active,
        suspend_reason: String::new(),
        password_hash: PasswordHash::new("!".to_owned()),
        password_changed_at: Timestamp::default(),
        volume_id: VolumeId::FIRST,
        home: String::new(),
        permissions: PermissionProfile::default(),
        rules: PathRules::default(),
        tls: TlsRule::default(),
        login: LoginRules::default(),
        session: SessionRules::default(),
        limits: AccountLimits::default(),
        notes: String::new(),
        last_login_at: None,
        last_login_ip: String::new(),
        last_upload_at: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        version: 1,
    }
}

/// The account as it is after `wanted` was taken over, with the password, which is kept apart.
pub(super) fn taken_over(wanted: &Wanted) -> Account {
    let password_hash = wanted.password.clone();
    Account {
        password_hash: password_hash.unwrap_or(PasswordHash::new("!".to_owned())),
        ..wanted.put_on(newcomer(wanted.username.as_str()))
    }
}

/// Any account.
pub(super) fn account() -> impl Strategy<Value = Account> {
    let limits = vec(own(option::of(0..=i64::MAX.unsigned_abs())), limits());
    let limits = limits.prop_map(|each| AccountLimits::from_array(each.try_into().unwrap()));
    let words = (status(), text(), limits);
    (name(), access(), login(), session(), words).prop_map(
        |(name, (permissions, rules, tls), login, session, ((status, reason), notes, limits))| {
            Account {
                status,
                suspend_reason: reason,
                password_hash: PasswordHash::new("$1$quaysalt$CZToviFmw60gDuam1t4gW/".to_owned()),
                permissions,
                rules,
                tls,
                login,
                session,
                limits,
                notes,
                ..newcomer(&name)
            }
        },
    )
}

fn limits() -> usize {
    AccountLimits::<()>::default().into_array().len()
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9._@-]{1,30}".prop_filter("a name of ours", |name| {
        name.parse::<crate::model::Username>().is_ok()
    })
}

fn own<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Override<T>> {
    option::of(value).prop_map(Override::from)
}

fn text() -> impl Strategy<Value = String> {
    "([=+@,;\"'\t\r\n-]|\\PC){0,12}"
}

fn status() -> impl Strategy<Value = (AccountStatus, String)> {
    prop_oneof![
        Just((AccountStatus::Active, String::new())),
        text().prop_map(|reason| (AccountStatus::Suspended, reason)),
    ]
}

fn access() -> impl Strategy<Value = (PermissionProfile, PathRules, TlsRule)> {
    let rule = (path(), permissions(), any::<bool>()).prop_map(|(folder, permissions, hidden)| {
        let hidden = hidden && !folder.is_root();
        PathRule {
            permissions: if hidden {
                Permissions::NONE
            } else {
                permissions
            },
            hidden,
            folder,
        }
    });
    let rules = vec(rule, 0..4).prop_map(|rules| PathRules::new(rules).unwrap_or_default());
    (
        proptest::sample::select(&PermissionProfile::ALL[..]),
        rules,
        proptest::sample::select(&TlsRule::ALL[..]),
    )
}

fn permissions() -> impl Strategy<Value = Permissions> {
    proptest::sample::subsequence(&Permission::ALL[..], 0..Permission::ALL.len())
        .prop_map(|permissions| Permissions::of(&permissions))
}

fn path() -> impl Strategy<Value = VirtualPath> {
    "(/([%;=\u{a0} ]|%[0-9a-f]{2}|[^\\pC/]){1,6}){0,3}"
        .prop_map(|path| VirtualPath::root().resolve(&path).unwrap())
}

fn networks() -> impl Strategy<Value = Networks> {
    let four = (any::<[u8; 4]>(), 0..=32_u8)
        .prop_map(|(address, bits)| ipnet::IpNet::new(address.into(), bits).unwrap());
    let six = (any::<[u8; 16]>(), 0..=128_u8)
        .prop_map(|(address, bits)| ipnet::IpNet::new(address.into(), bits).unwrap());
    let lines = vec(prop_oneof![four, six], 0..5);
    lines.prop_map(|networks| {
        let lines: Vec<String> = networks.iter().map(|net| net.trunc().to_string()).collect();
        lines.join("\n").parse().unwrap()
    })
}

fn login() -> impl Strategy<Value = LoginRules> {
    // Every moment that a form or a file can say: up to the end of the year 9999.
    let end = option::of((0..253_402_300_799_999_i64).prop_map(Timestamp::from_millis));
    (end, networks(), networks()).prop_map(|(expires_at, allowed, denied)| LoginRules {
        expires_at,
        networks: NetworkRules { allowed, denied },
    })
}

fn session() -> impl Strategy<Value = SessionRules> {
    let names = vec("plan|none|[*?.a-zA-Z\u{e4}=+@'-]{1,5}", 0..3)
        .prop_map(|names| names.join(" ").parse().unwrap());
    let umask = (0..=0o77_u32).prop_map(|bits| format!("{bits:03o}").parse().unwrap());
    let durability = own(proptest::sample::select(&Durability::ALL[..]));
    let checksum = own(proptest::sample::select(&Checksum::ALL[..]));
    let active = own(any::<bool>());
    (path(), umask, active, (durability, checksum), own(names)).prop_map(
        |(start, umask, active_mode, (durability, checksum), denied_names)| SessionRules {
            start,
            umask,
            active_mode,
            durability,
            checksum,
            denied_names,
        },
    )
}
