//! The JSON that SFTPGo writes with `dumpdata`: a list of users among other things.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::access::End;
use super::addresses;
use super::bounds::MOST_ROWS;
use super::error::FileError;
use super::record::{Place, Record, RowRefusal, Wanted};
use crate::clock::Timestamp;
use crate::hosting::csv::BYTE_ORDER_MARK;
use crate::model::{
    Expiry, Override, PathRule, PathRules, Permission, PermissionProfile, Permissions, TlsRule,
    VirtualPath,
};

/// A user, as far as it is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
    /// What stands in the place of a hash may be a password, so that it is not read into a type whose
    /// error would show it.
    password: Value,
    description: String,
    /// 1 is enabled.
    status: Option<i64>,
    /// Milliseconds since 1970; zero is never.
    expiration_date: i64,
    home_dir: String,
    max_sessions: i64,
    quota_size: i64,
    quota_files: i64,
    /// KiB a second, for each transfer.
    upload_bandwidth: i64,
    download_bandwidth: i64,
    total_data_transfer: i64,
    upload_data_transfer: i64,
    download_data_transfer: i64,
    permissions: BTreeMap<String, Vec<String>>,
    filters: Filters,
    filesystem: Filesystem,
    virtual_folders: Vec<Value>,
    groups: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filters {
    allowed_ip: Vec<String>,
    denied_ip: Vec<String>,
    denied_login_methods: Vec<String>,
    denied_protocols: Vec<String>,
    two_factor_protocols: Vec<String>,
    access_time: Vec<Value>,
    bandwidth_limits: Vec<Value>,
    data_transfer_limits: Vec<Value>,
    file_patterns: Vec<Value>,
    max_upload_file_size: i64,
    start_directory: String,
    /// 1 demands TLS.
    ftp_security: i64,
    is_anonymous: bool,
    require_password_change: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Filesystem {
    /// 0 is the local disk.
    provider: i64,
}

/// Reads all users of a dump, or of a bare list of users.
///
/// # Errors
///
/// [`FileError::Json`], [`FileError::TooMany`].
pub(super) fn read(text: &str) -> Result<Vec<Record>, FileError> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let dump: Value =
        serde_json::from_str(text).map_err(|error| FileError::Json(error.to_string()))?;
    let users = match dump {
        Value::Array(users) => users,
        Value::Object(mut members) => match members.remove("users") {
            Some(Value::Array(users)) => users,
            _ => return Err(FileError::Json("there is no list `users`".to_owned())),
        },
        _ => return Err(FileError::Json("there is no list `users`".to_owned())),
    };
    if users.len() > MOST_ROWS {
        return Err(FileError::TooMany);
    }
    Ok((1..)
        .zip(users)
        .map(|(entry, user)| record(entry, user))
        .collect())
}

fn record(entry: u64, user: Value) -> Record {
    let name = user
        .get("username")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let wanted = if user.is_object() {
        let read: Result<User, _> = serde_json::from_value(without_nulls(user));
        let refused = |error| RowRefusal::new("user", error);
        read.map_err(refused).and_then(|user| account(&user))
    } else {
        Err(RowRefusal::new("user", "not an object"))
    };
    Record::new(Place::Entry(entry), &name, wanted)
}

/// Members that are `null` are not there.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(name, value)| (name, without_nulls(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

fn account(user: &User) -> Result<Wanted, RowRefusal> {
    let mut wanted = Wanted::named(&user.username)?;
    match &user.password {
        Value::Null => wanted.set_password("")?,
        Value::String(hash) => wanted.set_password(hash)?,
        _ => return Err(RowRefusal::new("password", "not text")),
    }
    wanted.set_notes(&user.description)?;
    wanted.old_home.clone_from(&user.home_dir);
    if user.status == Some(0) {
        wanted.suspend("It was disabled on the other server.");
    }
    if has(&user.filters.denied_protocols, "FTP")
        || has(&user.filters.denied_login_methods, "password")
    {
        wanted.suspend("It could not log in by FTP on the other server.");
    }
    let (permissions, rules) = permissions(&user.permissions)?;
    wanted.permissions = Some(permissions);
    wanted.rules = Some(rules);
    set_limits(&mut wanted, user);
    set_access(&mut wanted, user)?;
    tell(&mut wanted, user);
    Ok(wanted)
}

fn set_limits(wanted: &mut Wanted, user: &User) {
    let above_zero = |number: i64, unit: u64| {
        let number = u64::try_from(number).ok().filter(|number| *number > 0)?;
        Some(Override::Own(Some(number.saturating_mul(unit))))
    };
    wanted.limits.bytes = above_zero(user.quota_size, 1);
    wanted.limits.files = above_zero(user.quota_files, 1);
    wanted.limits.file_bytes = above_zero(user.filters.max_upload_file_size, 1);
    wanted.limits.sessions = above_zero(user.max_sessions, 1);
    wanted.limits.session_upload_rate = above_zero(user.upload_bandwidth, 1_024);
    wanted.limits.session_download_rate = above_zero(user.download_bandwidth, 1_024);
}

fn set_access(wanted: &mut Wanted, user: &User) -> Result<(), RowRefusal> {
    let filters = &user.filters;
    if user.expiration_date > 0 {
        // Only an end that can be written in our own files is one.
        let end = Timestamp::from_millis(user.expiration_date);
        let is_written = Expiry(end).to_string().parse() == Ok(Expiry(end));
        if is_written {
            wanted.access.end = Some(End::At(end));
        } else {
            let sentence = "Its end is after the year 9999 and is not taken over.";
            wanted.told.push(sentence.to_owned());
        }
    }
    wanted.set_start(&filters.start_directory)?;
    if filters.ftp_security == 1 {
        wanted.tls = Some(TlsRule::Required);
    }
    addresses::take(
        wanted,
        ("allowed_ip", &list(&filters.allowed_ip)),
        ("denied_ip", &list(&filters.denied_ip)),
    )
}

fn tell(wanted: &mut Wanted, user: &User) {
    let filters = &user.filters;
    let traffic = [
        user.total_data_transfer,
        user.upload_data_transfer,
        user.download_data_transfer,
    ];
    for (is_so, sentence) in [
        (
            traffic.iter().any(|limit| *limit > 0),
            "Its limits for traffic are not taken over.",
        ),
        (
            !filters.bandwidth_limits.is_empty() || !filters.data_transfer_limits.is_empty(),
            "Its limits for some addresses are not taken over.",
        ),
        (
            !filters.access_time.is_empty(),
            "Its hours are not taken over; it may log in at any time.",
        ),
        (
            has(&filters.two_factor_protocols, "FTP"),
            "Its second factor is not taken over; the password is enough.",
        ),
        (
            filters.require_password_change,
            "It had to change its password; here it keeps it.",
        ),
        (filters.is_anonymous, "It needed no password; here it does."),
        (
            !filters.file_patterns.is_empty(),
            "Its patterns for file names are not taken over.",
        ),
        (
            renames(user, "rename_files"),
            "It could rename files only; here it can rename folders too.",
        ),
        (
            renames(user, "rename_dirs"),
            "It could rename folders only; here it can rename nothing.",
        ),
        (
            !user.virtual_folders.is_empty(),
            "Its virtual folders are not taken over.",
        ),
        (
            !user.groups.is_empty(),
            "What it has from its groups is not taken over.",
        ),
        (
            user.filesystem.provider != 0,
            "Its files are not on a local disk.",
        ),
    ] {
        if is_so {
            wanted.told.push(sentence.to_owned());
        }
    }
}

/// Whether somewhere it may rename only what `name` says.
fn renames(user: &User, name: &str) -> bool {
    let all = ["*", "rename", "rename_files", "rename_dirs"];
    let others = |names: &[String]| {
        let mut others = all.iter().filter(|other| **other != name);
        others.any(|other| has(names, other))
    };
    let mut folders = user.permissions.values();
    folders.any(|names| has(names, name) && !others(names))
}

fn list(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn has(list: &[String], name: &str) -> bool {
    list.iter().any(|each| each == name)
}

/// A profile for the home if one fits, else a rule; and a rule for each other folder.
fn permissions(
    folders: &BTreeMap<String, Vec<String>>,
) -> Result<(PermissionProfile, PathRules), RowRefusal> {
    let refused = |error: &dyn std::fmt::Display| RowRefusal::new("permissions", error);
    let mut profile = PermissionProfile::Full;
    let mut rules = Vec::new();
    for (folder, names) in folders {
        let permissions = granted(names)?;
        let folder = VirtualPath::root()
            .resolve(folder)
            .map_err(|error| refused(&error))?;
        let mut profiles = PermissionProfile::ALL.into_iter();
        let fitting = profiles.find(|profile| profile.permissions() == permissions);
        match fitting {
            Some(fitting) if folder.is_root() => profile = fitting,
            _ => rules.push(PathRule {
                folder,
                permissions,
                hidden: false,
            }),
        }
    }
    let rules = PathRules::new(rules).map_err(|error| refused(&error))?;
    Ok((profile, rules))
}

fn granted(names: &[String]) -> Result<Permissions, RowRefusal> {
    use Permission as May;
    if has(names, "*") {
        return Ok(Permissions::all());
    }
    let mut granted = Vec::new();
    for name in names {
        granted.extend_from_slice(match name.as_str() {
            "list" => &[May::List],
            "download" => &[May::Download, May::Hash],
            "upload" => &[May::Upload],
            "overwrite" => &[May::Overwrite, May::Append],
            "delete" => &[May::Delete, May::Rmdir],
            "delete_files" => &[May::Delete],
            "delete_dirs" => &[May::Rmdir],
            "rename" | "rename_files" => &[May::Rename],
            "create_dirs" => &[May::Mkdir],
            "chmod" => &[May::Chmod],
            "chtimes" => &[May::Mtime],
            // Of no use to a client of FTP, or less than a permission of ours.
            "rename_dirs" | "create_symlinks" | "chown" | "copy" => &[],
            _ => {
                let reason = format!("`{}` is not known", name.escape_debug());
                return Err(RowRefusal::new("permissions", reason));
            }
        });
    }
    Ok(Permissions::of(&granted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::imports::AccessWishes;
    use crate::model::{AccountStatus, LoginRules, SessionRules};

    const HASH: &str = "$2a$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy";

    fn one(user: &str) -> Result<Wanted, RowRefusal> {
        let mut records = read(&format!("{{\"users\": [{user}], \"version\": 16}}")).unwrap();
        records.remove(0).wanted
    }

    #[test]
    fn every_member_that_has_a_place_here_is_taken_over() {
        let own = |limit| Some(Override::Own(Some(limit)));
        let user = format!(
            r#"{{"id": 7, "status": 1, "username": "kestrel", "password": "{HASH}", "description": "Print shop",
                "home_dir": "/srv/sftpgo/kestrel", "uid": 0, "max_sessions": 3, "quota_size": 1048576,
                "quota_files": 100, "upload_bandwidth": 128, "download_bandwidth": 256, "public_keys": null,
                "permissions": {{"/": ["list", "download"], "/in": ["upload", "create_dirs"], "/all": ["*"]}},
                "expiration_date": 1893456000000,
                "filters": {{"max_upload_file_size": 4096, "allowed_ip": ["192.0.2.0/24"], "denied_ip": ["192.0.2.7/32"],
                    "start_directory": "/in", "ftp_security": 1}},
                "filesystem": {{"provider": 0}}, "virtual_folders": null}}"#
        );

        let wanted = one(&user).unwrap();

        assert_eq!(wanted.username.as_str(), "kestrel");
        assert_eq!(wanted.password.as_ref().unwrap().as_str(), HASH);
        assert_eq!(wanted.permissions, Some(PermissionProfile::ReadOnly));
        let rules: Vec<_> = wanted
            .rules
            .iter()
            .flat_map(PathRules::iter)
            .map(|rule| format!("{} {}", rule.folder, rule.permissions))
            .collect();
        assert_eq!(rules[1], "/in mkdir,upload");
        assert_eq!(wanted.limits.bytes, own(1_048_576));
        assert_eq!(wanted.limits.files, own(100));
        assert_eq!(wanted.limits.sessions, own(3));
        assert_eq!(wanted.limits.file_bytes, own(4_096));
        assert_eq!(wanted.limits.session_upload_rate, own(131_072));
        assert_eq!(wanted.limits.session_download_rate, own(262_144));
        let (login, session) = wanted
            .access
            .put_on(LoginRules::default(), SessionRules::default());
        assert_eq!(
            login
                .expires_at
                .map(|end| Expiry(end).to_string())
                .as_deref(),
            Some("2030-01-01 00:00 UTC")
        );
        assert_eq!(login.networks.allowed.to_string(), "192.0.2.0/24");
        assert_eq!(login.networks.denied.to_string(), "192.0.2.7");
        assert_eq!(session.start.as_str(), "/in");
        assert_eq!(wanted.tls, Some(TlsRule::Required));
        assert_eq!(wanted.told, Vec::<String>::new());
        assert_eq!(wanted.status, None);
    }

    #[test]
    fn what_has_no_place_here_is_told() {
        let user = format!(
            r#"{{"username": "kite", "password": "{HASH}", "expiration_date": 9223372036854775807,
                "total_data_transfer": 5, "virtual_folders": [{{}}], "groups": [{{}}],
                "permissions": {{"/": ["list", "rename_files"], "/d": ["rename_dirs"], "/e": ["rename_dirs", "*"]}},
                "filters": {{"file_patterns": [{{}}], "access_time": [{{}}], "bandwidth_limits": [{{}}],
                    "two_factor_protocols": ["FTP"], "require_password_change": true, "is_anonymous": true}},
                "filesystem": {{"provider": 1}}}}"#
        );

        let wanted = one(&user).unwrap();

        assert_eq!(wanted.told.len(), 13, "{:?}", wanted.told);
        assert_eq!(wanted.access, AccessWishes::default());
    }

    #[test]
    fn a_set_that_is_no_profile_becomes_a_rule_for_the_home() {
        let user = format!(
            r#"{{"username": "kite", "password": "{HASH}", "permissions": {{"/": ["list", "upload"]}}}}"#
        );

        let wanted = one(&user).unwrap();

        let rules = wanted.rules.unwrap();
        let rule = rules.get(&VirtualPath::root()).unwrap();
        assert_eq!(rule.permissions.to_string(), "list,upload");
        assert_eq!(wanted.permissions, Some(PermissionProfile::Full));
    }

    #[test]
    fn whoever_could_not_log_in_there_cannot_here() {
        for member in [
            r#""status": 0"#,
            r#""filters": {"denied_protocols": ["SSH", "FTP"]}"#,
            r#""filters": {"denied_login_methods": ["password"]}"#,
        ] {
            let user = format!(r#"{{"username": "kite", "password": "{HASH}", {member}}}"#);
            let (status, _) = one(&user).unwrap().status.unwrap();
            assert_eq!(status, AccountStatus::Suspended, "{member}");
        }
    }

    #[test]
    fn a_bad_user_names_its_field_and_a_bad_dump_is_refused() {
        for (user, field) in [
            (r#"{"username": 7}"#.to_owned(), "user"),
            ("[]".to_owned(), "user"),
            (
                r#"{"username": "kite", "password": 4711}"#.to_owned(),
                "password",
            ),
            (
                format!(
                    r#"{{"username": "kite", "password": "{HASH}", "upload_bandwidth": 9223372036854775807}}"#
                ),
                "limits",
            ),
            (
                format!(
                    r#"{{"username": "kite", "password": "{HASH}", "filters": {{"start_directory": "/a\u0000"}}}}"#
                ),
                "start folder",
            ),
            (r#"{"username": ""}"#.to_owned(), "user name"),
            (
                r#"{"username": "kite", "password": "plain"}"#.to_owned(),
                "password",
            ),
            (
                format!(
                    r#"{{"username": "kite", "password": "{HASH}", "permissions": {{"/": ["fly"]}}}}"#
                ),
                "permissions",
            ),
        ] {
            assert_eq!(one(&user).unwrap_err().field, field, "{user}");
        }
        for text in [
            "",
            "7",
            "{}",
            r#"{"users": {}}"#,
            r#"{"users": ["#,
            &"[".repeat(5_000),
        ] {
            assert!(matches!(read(text), Err(FileError::Json(_))), "{text:.20}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_is_it_is_read_without_a_panic(text in "([{}\\[\\]:,\"0-9]|users|username|null|\\PC){0,60}") {
            let _records = read(&text);
        }
    }
}
