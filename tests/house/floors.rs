//! The floors: which room stands where, and what it may import. The drawing and the reasons are in
//! `docs/ARCHITECTURE.md`; this table is what is checked.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Modules, room_of};

/// A room and its law.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// The name of the folder or file in `src`.
    pub name: &'static str,
    /// Higher floors import lower ones, never the other way.
    pub floor: u8,
    /// The rooms it may import, separated by spaces.
    pub may_import: &'static str,
    /// What to do instead of importing anything else.
    pub instead: &'static str,
}

/// Every room of the house.
pub(super) const ROOMS: &[Room] = &[
    room(0, "clock", "", "time knows nothing of ours"),
    room(0, "telemetry", "", "logs and metrics know nothing of ours"),
    room(
        0,
        "model",
        "clock",
        "plain values only; move the rule up to `hosting`",
    ),
    room(
        1,
        "proto",
        "clock model",
        "grammar has no I/O; let `ftp` do it",
    ),
    room(
        1,
        "vfs",
        "clock model",
        "files know no accounts and no replies; let the caller decide",
    ),
    room(
        1,
        "net",
        "clock model",
        "sockets know no accounts; take what is needed as a value",
    ),
    room(
        1,
        "events",
        "model",
        "an event is a hint; put nothing but ids in it",
    ),
    room(
        1,
        "store",
        "clock model",
        "rows only; move the rule up to `hosting`",
    ),
    room(
        2,
        "settings",
        ON_FLOOR_2,
        "let `hosting` or `app` combine settings and rules",
    ),
    room(
        3,
        "hosting",
        ON_FLOOR_3,
        "return a typed error and let the door answer",
    ),
    room(
        4,
        "app",
        ON_FLOOR_4,
        "the hall opens services; doors come to it",
    ),
    room(5, "ftp", FTP_DOOR, ASK_A_SERVICE),
    room(5, "web", WEB_DOOR, ASK_A_SERVICE),
    room(5, "api", WEB_DOOR, ASK_A_SERVICE),
    room(5, "jobs", WEB_DOOR, ASK_A_SERVICE),
    room(
        6,
        "server",
        SERVER,
        "the server starts and stops doors; rules belong in `hosting`",
    ),
    room(7, "cli", CLI, "a command asks `app` or `server`"),
    room(8, "main", "cli", "everything else belongs in `cli`"),
];

const ON_FLOOR_2: &str = "clock model telemetry vfs net events store";
const ON_FLOOR_3: &str = "clock model telemetry vfs net events store settings";
const ON_FLOOR_4: &str = "clock model telemetry vfs net events store settings hosting";
const FTP_DOOR: &str = "clock model telemetry proto vfs net events settings hosting app";
const WEB_DOOR: &str = "clock model telemetry net events settings hosting app";
const SERVER: &str = "clock model telemetry net events settings hosting app ftp web api jobs";
const CLI: &str = "clock model telemetry proto net settings hosting app server";

const ASK_A_SERVICE: &str = "ask a service in `hosting` through `app`";

const fn room(
    floor: u8,
    name: &'static str,
    may_import: &'static str,
    instead: &'static str,
) -> Room {
    Room {
        name,
        floor,
        may_import,
        instead,
    }
}

impl Room {
    fn may_import(&self, name: &str) -> bool {
        self.may_import.split(' ').any(|allowed| allowed == name)
    }
}

/// Imports that the table does not allow, and rooms that it does not know.
pub(super) fn forbidden_imports(modules: &Modules) -> Vec<String> {
    let mut findings = BTreeSet::new();
    for module in modules.all().filter(|module| module.room() != "lib") {
        let Some(room) = ROOMS.iter().find(|room| room.name == module.room()) else {
            findings.insert(format!(
                "{}: room `{}` has no floor; give it a row in tests/house/floors.rs",
                module.file,
                module.room(),
            ));
            continue;
        };
        for (line, used) in modules.rooms_used(module) {
            let known = ROOMS.iter().any(|other| other.name == used);
            if known && used != room.name && !room.may_import(&used) {
                let (file, instead) = (&module.file, room.instead);
                findings.insert(format!("{file}:{line} imports `{used}`: {instead}"));
            }
        }
    }
    findings.into_iter().collect()
}

/// Faults of the table itself: an import that does not lead to a lower floor. A room on the floor of
/// words may use another one there, if that one uses nothing.
pub(super) fn faults_of_the_table() -> Vec<String> {
    let mut faults = Vec::new();
    for room in ROOMS {
        for name in room.may_import.split_terminator(' ') {
            let below = ROOMS
                .iter()
                .find(|other| other.name == name)
                .is_some_and(|other| {
                    other.floor < room.floor || (other.floor == 0 && other.may_import.is_empty())
                });
            if !below {
                faults.push(format!("`{}` may not be above `{name}`", room.name));
            }
        }
    }
    faults
}

/// Loops among files and among rooms, as `a -> b -> a`.
pub(super) fn circles(modules: &Modules) -> Vec<String> {
    let files = modules.arrows();
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, targets) in &files {
        let room = room_of(file);
        let used = targets.iter().map(|target| room_of(target).to_owned());
        rooms
            .entry(room.to_owned())
            .or_default()
            .extend(used.filter(|used| used != room));
    }
    let among = |kind: &str, arrows| {
        let advice = "move what both need into a file below them";
        loops(arrows)
            .into_iter()
            .map(|path| format!("circle of {kind}: {}; {advice}", path.join(" -> ")))
            .collect::<Vec<_>>()
    };
    [among("files", &files), among("rooms", &rooms)].concat()
}

/// One shortest loop for every node that lies on one and was not named by an earlier loop.
fn loops(arrows: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for start in arrows.keys() {
        if found.iter().any(|path| path.contains(start)) {
            continue;
        }
        found.extend(way_back(arrows, start));
    }
    found
}

/// The shortest way from `start` back to it, breadth first.
fn way_back(arrows: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.to_owned()]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in &ways {
            for next in way
                .last()
                .and_then(|last| arrows.get(last))
                .into_iter()
                .flatten()
            {
                let mut way = way.clone();
                way.push(next.clone());
                if next == start {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}
