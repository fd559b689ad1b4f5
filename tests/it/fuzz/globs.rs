//! Name patterns: one that was made for a name matches it, and none takes long.

use quaymaster::proto::Glob;

use super::feed::{Feed, run};

const FRAGMENTS: [&str; 24] = [
    "*",
    "**",
    "?",
    "[",
    "]",
    "[]",
    "[!",
    "[^",
    "[!]",
    "[]]",
    "[a-z]",
    "[z-a]",
    "[a-]",
    "[-]",
    "-",
    "!",
    "^",
    "a",
    "b",
    ".",
    "ü",
    "\u{10ffff}",
    "\\*",
    "a*b",
];

const LETTERS: [char; 12] = [
    'a', 'b', 'c', 'x', '.', '-', ' ', 'ü', '日', '}', '~', '\u{301}',
];

#[test]
fn a_pattern_made_for_a_name_matches_it_and_no_pattern_takes_long() {
    run("globs", |feed| {
        let pattern = feed.text(&FRAGMENTS, 10);
        let name = feed.text(&FRAGMENTS, 6);
        let matches = Glob::new(&pattern).matches(&name);
        if Glob::is_pattern(&pattern) {
            assert!(Glob::new("*").matches(&name));
        } else {
            assert_eq!(matches, pattern == name, "{pattern:?} {name:?}");
        }
        let framed = Glob::new(&format!("*{pattern}*")).matches(&name);
        assert!(framed || !matches, "{pattern:?} {name:?}");

        let (pattern, name) = made_for_each_other(feed);
        assert!(Glob::new(&pattern).matches(&name), "{pattern:?} {name:?}");
        let longer = format!("{pattern}Z");
        assert!(!Glob::new(&longer).matches(&name), "{longer:?} {name:?}");

        if feed.one_in(500) {
            hostile(feed);
        }
    });
}

/// A pattern, and a name that it was made for.
fn made_for_each_other(feed: &mut Feed) -> (String, String) {
    let (mut pattern, mut name) = (String::new(), String::new());
    for _ in 0..feed.below(8) {
        let letter = feed.pick(&LETTERS);
        match feed.below(8) {
            0 => pattern.push('?'),
            1 => {
                pattern.push('*');
                for _ in 0..feed.below(4) {
                    name.push(feed.pick(&LETTERS));
                }
            }
            2 => pattern.extend(['[', letter, ']']),
            3 => pattern.extend(["[!Y", "]"]),
            4 => pattern.extend(['[', 'Y', letter, '-', letter, 'Y', ']']),
            5 => pattern.extend(['[', ' ', '-', '\u{ffff}', ']']),
            _ => pattern.push(letter),
        }
        if !pattern.ends_with('*') {
            name.push(letter);
        }
    }
    (pattern, name)
}

/// As many stars as a line can hold, and a name that fits all but the end.
fn hostile(feed: &mut Feed) {
    let letter = feed.pick(&["a", "?", "[ab]"]);
    let pattern = format!("*{letter}").repeat(1 + feed.below(800)) + "Z";
    let name = "a".repeat(feed.below(256));
    let begun = std::time::Instant::now();
    assert!(!Glob::new(&pattern).matches(&name));
    assert!(begun.elapsed().as_secs() < 5, "{pattern}");
}
