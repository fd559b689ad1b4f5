//! Facts, selected and told: what a listing says about a file reads back, and no name makes two lines
//! of one.

use quaymaster::clock::Timestamp;
use quaymaster::model::{Permission, Permissions};
use quaymaster::proto::{
    Command, EntryKind, Fact, Facts, ListEntry, OptsArgument, date, list_line, mlsd_line, nlst_line,
};

use super::feed::{Feed, line, run};

const FRAGMENTS: [&str; 16] = [
    "type;",
    "size;",
    "Modify;",
    "perm;",
    "UNIQUE;",
    "unix.mode;",
    "UNIX.owner;",
    "UNIX.group;",
    "type",
    ";",
    ";;",
    " ",
    "charset;",
    "x.",
    "=",
    "TYPE*;",
];

const NAMES: [&[u8]; 14] = [
    b"report",
    b".hidden",
    b" ",
    b"a b",
    b";",
    b"=",
    b"type=dir; ",
    b"\r\n",
    b"\n226 Done",
    b"\0",
    b"\xff",
    b"\xc3\xbc",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
];

#[test]
fn facts_read_back_and_no_name_makes_two_lines_of_one() {
    run("facts", |feed| {
        let typed = feed.text(&FRAGMENTS, 8);
        let facts = Facts::parse(&typed);
        selection_reads_back(&typed, facts);

        let name = feed.bytes(&NAMES, 5);
        let entry = entry(feed, &name);
        told_facts_read_back(&entry, facts);
        other_lines_are_lines(feed, &entry);
    });
}

fn selection_reads_back(typed: &str, facts: Facts) {
    assert_eq!(Facts::parse(&facts.selected()), facts, "{typed}");
    let offered = facts.feature();
    let starred = offered.split(';').filter_map(|name| name.strip_suffix('*'));
    assert_eq!(Facts::parse(&starred.collect::<Vec<_>>().join(";")), facts);
    let bare = Facts::parse(&offered.replace('*', ""));
    assert!(Fact::ALL.into_iter().all(|fact| bare.has(fact)));
    let read = line(&format!("OPTS MLST {typed}")).map(|line| Command::parse(&line));
    if let Some(read) = read {
        assert_eq!(
            read,
            Ok(Command::Opts(OptsArgument::Mlst(facts))),
            "{typed}"
        );
    }
}

fn entry<'a>(feed: &mut Feed, name: &'a [u8]) -> ListEntry<'a> {
    let granted = feed.number();
    let permissions = Permission::ALL.into_iter().enumerate();
    let permissions: Vec<_> = permissions
        .filter(|(at, _)| granted >> at & 1 == 1)
        .map(|(_, permission)| permission)
        .collect();
    let modified = if feed.one_in(4) {
        feed.number().cast_signed()
    } else {
        feed.between(0, 4_000_000_000_000)
    };
    ListEntry {
        name,
        kind: feed.pick(&[EntryKind::Directory, EntryKind::File, EntryKind::Symlink]),
        size: feed.number() >> feed.below(64),
        modified: Timestamp::from_millis(modified),
        mode: u32::try_from(feed.number() >> 32).expect("half of it"),
        unique: feed.number(),
        permissions: Permissions::of(&permissions),
        target: feed.pick(&[None, Some("a\r\nb"), Some("ü")]),
    }
}

fn told_facts_read_back(entry: &ListEntry<'_>, facts: Facts) {
    let mut told = "before".to_owned();
    let text = std::str::from_utf8(entry.name).ok();
    let sayable = text.filter(|name| !name.bytes().any(|byte| byte.is_ascii_control()));
    assert_eq!(mlsd_line(entry, facts, &mut told), sayable.is_some());
    let told = told.strip_prefix("before").expect("appended");
    let Some(name) = sayable else {
        assert_eq!(told, "", "half a line");
        return;
    };
    let (values, told_name) = told.split_once(' ').expect("a space");
    assert_eq!(told_name, name);
    let mut names = String::new();
    for value in values.split_terminator(';') {
        let (fact, value) = value.split_once('=').expect("a value");
        names.push_str(fact);
        names.push(';');
        match fact {
            "size" => assert_eq!(value.parse(), Ok(entry.size)),
            "modify" => assert_eq!(value, date::format(entry.modified)),
            "unique" => assert_eq!(u64::from_str_radix(value, 16), Ok(entry.unique)),
            "UNIX.mode" => assert_eq!(u32::from_str_radix(value, 8), Ok(entry.mode & 0o777)),
            "perm" => {
                let mut letters: Vec<char> = value.chars().collect();
                letters.sort_unstable();
                letters.dedup();
                assert_eq!(String::from_iter(letters), value);
            }
            "type" => assert!(["dir", "file", "OS.unix=symlink"].contains(&value)),
            _ => assert_eq!(value, "ftp", "{fact}"),
        }
    }
    let has_size = entry.kind == EntryKind::File;
    let expected = facts.selected();
    let expected = if has_size {
        expected
    } else {
        expected.replace("size;", "")
    };
    assert_eq!(names, expected);
}

fn other_lines_are_lines(feed: &mut Feed, entry: &ListEntry<'_>) {
    let mut long = String::new();
    let now = Timestamp::from_millis(feed.between(0, 4_000_000_000_000));
    list_line(entry, now, &mut long);
    assert!(!long.contains(char::is_control), "{long:?}");
    let mut short = String::new();
    nlst_line(feed.pick(&["", "a", "a/", "\n"]), entry.name, &mut short);
    assert!(!short.contains(char::is_control), "{short:?}");
}
