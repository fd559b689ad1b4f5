//! The lines of `LIST`, `NLST`, `MLSD` and `MLST` (RFC 959 §4.1.3, RFC 3659 §7). Lines come without
//! their CR LF.

use std::fmt::Write;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::model::{Permission, Permissions, VirtualPath};
use crate::proto::date::{self, Civil};
use crate::proto::facts::{Fact, Facts};

/// A file or directory as a listing shows it. A link that leads to something inside the home is
/// listed as what it leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListEntry<'a> {
    /// The name, as stored.
    pub name: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// Size in bytes; 0 for directories and links.
    pub size: u64,
    /// Time of the last change.
    pub modified: Timestamp,
    /// Permission bits to show.
    pub mode: u32,
    /// The same for two names of one file; reveals nothing about the disk.
    pub unique: u64,
    /// What the account may do here.
    pub permissions: Permissions,
    /// Where a link leads, if that may be told.
    pub target: Option<&'a str>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A link that leads nowhere, or out of the home.
    Symlink,
}

/// Appends the line of `LIST` to `out`. What is unprintable in the name is shown as `?`.
pub fn list_line(entry: &ListEntry<'_>, now: Timestamp, out: &mut String) {
    out.push(match entry.kind {
        EntryKind::Directory => 'd',
        EntryKind::File => '-',
        EntryKind::Symlink => 'l',
    });
    for shift in (0..9).rev() {
        let letter = match shift % 3 {
            2 => 'r',
            1 => 'w',
            _ => 'x',
        };
        out.push(if entry.mode >> shift & 1 == 1 {
            letter
        } else {
            '-'
        });
    }
    let links = if entry.kind == EntryKind::Directory {
        2
    } else {
        1
    };
    write_text(
        out,
        format_args!(" {links:>3} ftp      ftp      {:>13} ", entry.size),
    );
    write_list_time(entry.modified, now, out);
    out.push(' ');
    push_printable(entry.name, out);
    if let (EntryKind::Symlink, Some(target)) = (entry.kind, entry.target) {
        out.push_str(" -> ");
        push_printable(target.as_bytes(), out);
    }
}

/// Appends the line of `NLST`: `prefix`, as the client typed it, and the name.
pub fn nlst_line(prefix: &str, name: &[u8], out: &mut String) {
    push_printable(prefix.as_bytes(), out);
    if !prefix.is_empty() && !prefix.ends_with('/') {
        out.push('/');
    }
    push_printable(name, out);
}

/// Appends the line of `MLSD` to `out`. `false`, and nothing appended, if the name holds control
/// characters or is not UTF-8: no client could ask for it.
pub fn mlsd_line(entry: &ListEntry<'_>, facts: Facts, out: &mut String) -> bool {
    let Some(name) = addressable(entry.name) else {
        return false;
    };
    write_facts(entry, facts, out);
    out.push(' ');
    out.push_str(name);
    true
}

/// The line of `MLST`: as in `MLSD`, with the full path in place of the name. The home itself can be
/// neither renamed nor removed, whatever the account may do.
pub fn mlst_line(entry: &ListEntry<'_>, path: &VirtualPath, facts: Facts) -> String {
    let mut entry = *entry;
    if path.is_root() {
        entry.permissions = fixed(entry.permissions);
    }
    let mut line = String::new();
    write_facts(&entry, facts, &mut line);
    line.push(' ');
    line.push_str(path.as_str());
    line
}

/// `permissions` without those that move or remove.
fn fixed(permissions: Permissions) -> Permissions {
    let kept: Vec<Permission> = Permission::ALL
        .into_iter()
        .filter(|permission| permissions.has(*permission))
        .filter(|permission| !matches!(permission, Permission::Rename | Permission::Rmdir))
        .collect();
    Permissions::of(&kept)
}

/// The permissions as the fact `perm` has them (RFC 3659 §7.5.5), in alphabetical order. Any
/// directory may be entered.
fn perm(kind: EntryKind, permissions: Permissions) -> impl Iterator<Item = char> {
    use Permission::{Append, Delete, Download, List, Mkdir, Overwrite, Rename, Rmdir, Upload};
    let letters: &[(char, Option<Permission>)] = match kind {
        EntryKind::Directory => &[
            ('c', Some(Upload)),
            ('d', Some(Rmdir)),
            ('e', None),
            ('f', Some(Rename)),
            ('l', Some(List)),
            ('m', Some(Mkdir)),
            ('p', Some(Delete)),
        ],
        EntryKind::File => &[
            ('a', Some(Append)),
            ('d', Some(Delete)),
            ('f', Some(Rename)),
            ('r', Some(Download)),
            ('w', Some(Overwrite)),
        ],
        EntryKind::Symlink => &[('d', Some(Delete)), ('f', Some(Rename))],
    };
    letters
        .iter()
        .filter(move |(_, needed)| needed.is_none_or(|permission| permissions.has(permission)))
        .map(|(letter, _)| *letter)
}

fn write_facts(entry: &ListEntry<'_>, facts: Facts, out: &mut String) {
    for fact in Fact::ALL.into_iter().filter(|fact| facts.has(*fact)) {
        if fact == Fact::Size && entry.kind != EntryKind::File {
            continue;
        }
        out.push_str(fact.name());
        out.push('=');
        match fact {
            Fact::Type => out.push_str(match entry.kind {
                EntryKind::Directory => "dir",
                EntryKind::File => "file",
                EntryKind::Symlink => "OS.unix=symlink",
            }),
            Fact::Size => write_text(out, format_args!("{}", entry.size)),
            Fact::Modify => out.push_str(&date::format(entry.modified)),
            Fact::Perm => out.extend(perm(entry.kind, entry.permissions)),
            Fact::Unique => write_text(out, format_args!("{:016x}", entry.unique)),
            Fact::UnixMode => write_text(out, format_args!("{:04o}", entry.mode & 0o777)),
            Fact::UnixOwner | Fact::UnixGroup => out.push_str("ftp"),
        }
        out.push(';');
    }
}

/// Time of day for what changed in the last 180 days, the year otherwise: clients guess the year,
/// so the window has to be less than half a year.
fn write_list_time(modified: Timestamp, now: Timestamp, out: &mut String) {
    let civil = Civil::of(modified);
    let index = usize::try_from(civil.month - 1).unwrap_or(0);
    let month = MONTHS.get(index).copied().unwrap_or("Jan");
    write_text(out, format_args!("{month} {:>2} ", civil.day));
    if modified > now.minus(RECENT) && modified <= now.plus(AHEAD) {
        write_text(out, format_args!("{:02}:{:02}", civil.hour, civil.minute));
    } else {
        write_text(out, format_args!(" {:04}", civil.year));
    }
}

fn push_printable(name: &[u8], out: &mut String) {
    for chunk in name.utf8_chunks() {
        out.extend(
            chunk
                .valid()
                .chars()
                .map(|c| if c.is_control() { '?' } else { c }),
        );
        out.extend(chunk.invalid().iter().map(|_| '?'));
    }
}

/// The name, if a command line can hold it.
fn addressable(name: &[u8]) -> Option<&str> {
    std::str::from_utf8(name)
        .ok()
        .filter(|name| !name.bytes().any(|byte| byte.is_ascii_control()))
}

/// Writing to a string cannot fail.
fn write_text(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _: std::fmt::Result = out.write_fmt(text);
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const RECENT: Duration = Duration::from_hours(180 * 24);
const AHEAD: Duration = Duration::from_hours(24);
