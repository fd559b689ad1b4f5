//! The words of the trade: plain values, checked on construction. No runtime, no I/O, no clock and
//! no randomness; whoever needs a new id brings the time and the random bytes.

pub mod access;
pub mod account;
pub mod account_limits;
pub mod account_rules;
pub mod admin;
pub mod audit;
pub mod bytes;
pub mod customer;
pub mod expiry;
pub mod id;
pub mod import_file;
pub mod job;
pub mod journal;
pub mod limits;
pub mod name_patterns;
pub mod net;
pub mod networks;
pub mod page;
pub mod path;
pub mod path_rule;
pub mod period;
pub mod permission;
pub mod plan;
pub mod quota;
pub mod secret;
pub mod traffic;
pub mod trash;
pub mod umask;
pub mod volume;
pub mod web_session;

pub use access::{Access, Verdict};
pub use account::{Account, AccountStanding, AccountStatus, TlsRule, Username, UsernameError};
pub use account_limits::AccountLimits;
pub use account_rules::{Checksum, Durability, LoginRules, SessionRules};
pub use admin::{Actor, Admin, AdminStatus, Right, Role};
pub use audit::{AuditAction, AuditEvent};
pub use bytes::{ByteSize, ByteSizeError};
pub use customer::{Customer, CustomerStatus};
pub use expiry::{Expiry, ExpiryError};
pub use id::{
    AccountId, AdminId, CustomerId, IdError, ImportId, JobId, PlanId, SessionId, TransferId,
    VolumeId, WebSessionId,
};
pub use import_file::{ImportCount, ImportFile, ImportResult, ImportRow, ImportRowQuery};
pub use job::{Job, JobKind, JobLog, JobQuery, JobState, JobUnit, Progress};
pub use journal::{JournalEntry, Operation, TransferResult};
pub use limits::{Limit, LimitSource, Override};
pub use name_patterns::{NamePatterns, NamePatternsError};
pub use net::{AddressRule, AddressRuleError, Advertise, PortRange, PortRangeError, PublicAddress};
pub use networks::{NetworkRules, Networks, NetworksError};
pub use page::{
    AccountBrief, AccountQuery, AccountRow, AccountSort, AuditQuery, BusyAccount, CustomerQuery,
    CustomerRow, CustomerSort, Direction, HourTraffic, JournalQuery, Page, PlanRow,
    SettingRevision, Window,
};
pub use path::{PathError, VirtualPath};
pub use path_rule::{PathRule, PathRuleError, PathRules};
pub use period::{Period, ResetDay, ResetDayError};
pub use permission::{Permission, PermissionProfile, Permissions, UnknownPermission};
pub use plan::Plan;
pub use quota::{FileKey, Scope, Usage};
pub use secret::{PasswordHash, Secret};
pub use traffic::{Moved, PeriodTraffic, PoolTraffic, Traffic, TrafficOwner};
pub use trash::{TrashEntry, TrashState};
pub use umask::{Umask, UmaskError};
pub use volume::{StorageVolume, VolumeMark, VolumeMarkError, VolumeRow};
pub use web_session::{SignedIn, WebSession};

/// The version of a stored record; raised by every save, so that two editors cannot overwrite each
/// other unnoticed.
pub type Version = i64;
