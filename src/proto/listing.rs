//! The lines of `LIST`, `NLST`, `MLSD` and `MLST` (RFC 959 §4.1.3, RFC 3659 §7). Lines come without
//! their CR LF.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::model::{Permission, Permissions, VirtualPath};
use crate::proto::date::{self, Civil};
use crate::proto::digits::Column;
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
    out.push(' ');
    Column::right(3).push(links, out);
    out.push_str(" ftp      ftp      ");
    Column::right(13).push(entry.size, out);
    out.push(' ');
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
            Fact::Size => Column::DECIMAL.push(entry.size, out),
            Fact::Modify => date::write(entry.modified, out),
            Fact::Perm => out.extend(perm(entry.kind, entry.permissions)),
            Fact::Unique => Column::HEX.push(entry.unique, out),
            Fact::UnixMode => Column::OCTAL.push(u64::from(entry.mode & 0o777), out),
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
    out.push_str(month);
    out.push(' ');
    Column::right(2).push_signed(civil.day, out);
    out.push(' ');
    if modified > now.minus(RECENT) && modified <= now.plus(AHEAD) {
        Column::TWO.push_signed(civil.hour, out);
        out.push(':');
        Column::TWO.push_signed(civil.minute, out);
    } else {
        out.push(' ');
        Column::FOUR.push_signed(civil.year, out);
    }
}

fn push_printable(name: &[u8], out: &mut String) {
    if let Some(name) = addressable(name)
        && name.is_ascii()
    {
        return out.push_str(name);
    }
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

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const RECENT: Duration = Duration::from_hours(180 * 24);
const AHEAD: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_795_000_000;

    fn entry(name: &[u8]) -> ListEntry<'_> {
        ListEntry {
            name,
            kind: EntryKind::File,
            size: 5,
            modified: date::parse("20260102030405").unwrap(),
            mode: 0o644,
            unique: 0x0008_014a,
            permissions: Permissions::all(),
            target: None,
        }
    }

    fn list(entry: &ListEntry<'_>, now: Timestamp) -> String {
        let mut line = String::new();
        list_line(entry, now, &mut line);
        line
    }

    fn mlsd(entry: &ListEntry<'_>, facts: Facts) -> Option<String> {
        let mut line = String::new();
        mlsd_line(entry, facts, &mut line).then_some(line)
    }

    #[test]
    fn list_lines_have_the_columns_that_every_parser_knows() {
        let now = date::parse("20261122150000").unwrap();
        let file = ListEntry {
            size: 1_234_567,
            modified: date::parse("20250109000000").unwrap(),
            ..entry(b"file.txt")
        };
        let directory = ListEntry {
            kind: EntryKind::Directory,
            size: 4_096,
            mode: 0o755,
            modified: date::parse("20261122140500").unwrap(),
            ..entry(b"dir name")
        };
        let link = ListEntry {
            kind: EntryKind::Symlink,
            size: 11,
            mode: 0o777,
            modified: date::parse("20261122140500").unwrap(),
            target: Some("target"),
            ..entry(b"broken")
        };

        assert_eq!(
            list(&directory, now),
            "drwxr-xr-x   2 ftp      ftp               4096 Nov 22 14:05 dir name"
        );
        assert_eq!(
            list(&file, now),
            "-rw-r--r--   1 ftp      ftp            1234567 Jan  9  2025 file.txt"
        );
        assert_eq!(
            list(&link, now),
            "lrwxrwxrwx   1 ftp      ftp                 11 Nov 22 14:05 broken -> target"
        );
        let silent = ListEntry {
            target: None,
            size: 0,
            ..link
        };
        assert!(list(&silent, now).ends_with(" broken"));
    }

    /// LST-02.
    #[test]
    fn the_year_replaces_the_time_after_180_days_and_beyond_tomorrow() {
        let now = Timestamp::from_seconds(NOW);
        for (days, shows_time) in [
            (-181, false),
            (-179, true),
            (0, true),
            (1, true),
            (2, false),
        ] {
            let modified = Timestamp::from_seconds(NOW + days * 86_400);
            let line = list(
                &ListEntry {
                    modified,
                    ..entry(b"f")
                },
                now,
            );
            let column = line.split_whitespace().nth(7).unwrap().to_owned();

            assert_eq!(column.contains(':'), shows_time, "{days}: {line}");
        }
        let edge = Timestamp::from_seconds(NOW - 180 * 86_400);
        assert!(
            !list(
                &ListEntry {
                    modified: edge,
                    ..entry(b"f")
                },
                now
            )
            .contains(':')
        );
    }

    #[test]
    fn old_and_distant_years_have_four_digits() {
        let now = Timestamp::from_seconds(NOW);
        for (time, year) in [
            ("19010203040506", "1901"),
            ("21000203040506", "2100"),
            ("00420203040506", "0042"),
        ] {
            let line = list(
                &ListEntry {
                    modified: date::parse(time).unwrap(),
                    ..entry(b"f")
                },
                now,
            );
            assert_eq!(line.split_whitespace().nth(7), Some(year), "{line}");
        }
        for millis in [i64::MIN, i64::MAX] {
            let modified = Timestamp::from_millis(millis);
            assert!(
                list(
                    &ListEntry {
                        modified,
                        ..entry(b"f")
                    },
                    now
                )
                .ends_with(" f")
            );
        }
    }

    /// LST-36.
    #[test]
    fn huge_sizes_are_exact() {
        let line = list(
            &ListEntry {
                size: u64::MAX,
                ..entry(b"f")
            },
            Timestamp::from_seconds(NOW),
        );

        assert!(line.contains(" 18446744073709551615 "));
    }

    #[test]
    fn special_bits_are_not_shown() {
        let line = list(
            &ListEntry {
                mode: 0o7_751,
                ..entry(b"f")
            },
            Timestamp::from_seconds(NOW),
        );

        assert!(line.starts_with("-rwxr-x--x "));
    }

    #[test]
    fn spaces_around_a_name_survive() {
        let line = list(&entry(b" lead trail "), Timestamp::from_seconds(NOW));

        assert!(
            line.contains(" 2026  lead trail ") || line.contains(":04  lead trail "),
            "{line}"
        );
    }

    #[test]
    fn unprintable_names_show_as_marks_and_are_left_out_of_mlsd() {
        for (name, shown) in [
            (&b"a\nb"[..], "a?b"),
            (b"\x1b[31m", "?[31m"),
            (b"\xc3\x28", "?("),
            (b"a\xff\xfe", "a??"),
        ] {
            let line = list(&entry(name), Timestamp::from_seconds(NOW));
            let mut bare = String::new();
            nlst_line("", name, &mut bare);

            assert!(line.ends_with(&format!(" {shown}")), "{line}");
            assert_eq!(bare, shown);
            assert_eq!(mlsd(&entry(name), Facts::default()), None);
        }
    }

    #[test]
    fn names_are_prefixed_as_typed() {
        for (prefix, line) in [
            ("", "a"),
            ("d", "d/a"),
            ("d/", "d/a"),
            ("/", "/a"),
            ("../d", "../d/a"),
        ] {
            let mut out = String::new();
            nlst_line(prefix, b"a", &mut out);
            assert_eq!(out, line);
        }
    }

    #[test]
    fn facts_stand_in_order_and_one_space_before_the_name() {
        let directory = ListEntry {
            kind: EntryKind::Directory,
            mode: 0o755,
            ..entry(b"d")
        };
        let link = ListEntry {
            kind: EntryKind::Symlink,
            ..entry(b"l")
        };

        assert_eq!(
            mlsd(&entry(b"a; b"), Facts::default()).unwrap(),
            "type=file;size=5;modify=20260102030405;perm=adfrw;unique=000000000008014a;UNIX.mode=0644; a; b"
        );
        assert_eq!(
            mlsd(&directory, Facts::default()).unwrap(),
            "type=dir;modify=20260102030405;perm=cdeflmp;unique=000000000008014a;UNIX.mode=0755; d"
        );
        assert_eq!(
            mlsd(&link, Facts::parse("type;size;UNIX.owner;UNIX.group;")).unwrap(),
            "type=OS.unix=symlink;UNIX.owner=ftp;UNIX.group=ftp; l"
        );
        assert_eq!(mlsd(&entry(b"f"), Facts::NONE).unwrap(), " f");
    }

    #[test]
    fn mlst_names_the_full_path() {
        let path = VirtualPath::root().resolve("/a/f").unwrap();

        assert_eq!(
            mlst_line(&entry(b"f"), &path, Facts::parse("type;size;")),
            "type=file;size=5; /a/f"
        );
        assert_eq!(mlst_line(&entry(b"f"), &path, Facts::NONE), " /a/f");
    }

    #[test]
    fn the_home_itself_is_neither_deletable_nor_renamable() {
        let home = ListEntry {
            kind: EntryKind::Directory,
            ..entry(b"")
        };

        assert_eq!(
            mlst_line(&home, &VirtualPath::root(), Facts::parse("perm")),
            "perm=celmp; /"
        );
    }

    #[test]
    fn the_fact_perm_follows_the_permissions() {
        let facts = Facts::parse("perm;");
        let table = [
            (Permission::Append, "a", "e"),
            (Permission::Chmod, "", "e"),
            (Permission::Delete, "d", "ep"),
            (Permission::Download, "r", "e"),
            (Permission::Hash, "", "e"),
            (Permission::List, "", "el"),
            (Permission::Mkdir, "", "em"),
            (Permission::Mtime, "", "e"),
            (Permission::Overwrite, "w", "e"),
            (Permission::Rename, "f", "ef"),
            (Permission::Rmdir, "", "de"),
            (Permission::Upload, "", "ce"),
        ];
        assert_eq!(table.map(|(permission, ..)| permission), Permission::ALL);
        for (permission, of_file, of_directory) in table {
            let permissions = Permissions::of(&[permission]);
            let file = ListEntry {
                permissions,
                ..entry(b"x")
            };
            let directory = ListEntry {
                kind: EntryKind::Directory,
                ..file
            };

            assert_eq!(mlsd(&file, facts).unwrap(), format!("perm={of_file}; x"));
            assert_eq!(
                mlsd(&directory, facts).unwrap(),
                format!("perm={of_directory}; x")
            );
        }
    }

    proptest! {
        #[test]
        fn no_name_breaks_a_line(name: Vec<u8>, millis: i64, now: i64) {
            let entry = ListEntry { modified: Timestamp::from_millis(millis), ..entry(&name) };
            let line = list(&entry, Timestamp::from_millis(now));

            prop_assert!(!line.contains(char::is_control));
            prop_assert!(mlsd(&entry, Facts::default()).is_none_or(|line| !line.contains(['\r', '\n', '\0'])));
        }
    }
}
