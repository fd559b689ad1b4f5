//! Name patterns in `LIST` and `NLST`: `*`, `?` and `[…]` within one directory. No braces, no
//! `**`, no recursion: the time is bounded by pattern length times name length.

/// A pattern for the names of one directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Glob(Vec<Piece>);

/// One step of a pattern.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Piece {
    /// `*`: any number of characters.
    Any,
    /// `?`: one character.
    One,
    /// One of these ranges, or none of them.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// Exactly this character.
    Literal(char),
}

impl Glob {
    /// Whether `name` holds a character that means something in a pattern.
    pub fn is_pattern(name: &str) -> bool {
        name.contains(['*', '?', '['])
    }

    /// Reads `pattern`. Every text is one; a `[` that is never closed stands for itself.
    pub fn new(pattern: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = pattern.chars();
        while let Some(c) = rest.next() {
            let piece = match c {
                '*' if pieces.last() == Some(&Piece::Any) => continue,
                '*' => Piece::Any,
                '?' => Piece::One,
                '[' => match class(rest.as_str()) {
                    Some((piece, behind)) => {
                        rest = behind.chars();
                        piece
                    }
                    None => Piece::Literal('['),
                },
                _ => Piece::Literal(c),
            };
            pieces.push(piece);
        }
        Self(pieces)
    }

    /// Whether the whole of `name` fits. Only the last `*` is ever reconsidered.
    pub fn matches(&self, name: &str) -> bool {
        let mut pieces = self.0.as_slice();
        let mut rest = name.chars();
        let mut retry: Option<(&[Piece], std::str::Chars<'_>)> = None;
        loop {
            if let Some((Piece::Any, behind)) = pieces.split_first() {
                pieces = behind;
                retry = Some((behind, rest.clone()));
                continue;
            }
            let here = rest.clone().next();
            match (pieces.split_first(), here) {
                (None, None) => return true,
                (Some((piece, behind)), Some(c)) if piece.fits(c) => {
                    pieces = behind;
                    rest.next();
                }
                _ => {
                    let Some((behind_star, from)) = retry.as_mut() else {
                        return false;
                    };
                    if from.next().is_none() {
                        return false;
                    }
                    pieces = behind_star;
                    rest = from.clone();
                }
            }
        }
    }
}

impl Piece {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
            Self::Literal(literal) => *literal == c,
        }
    }
}

/// Reads `…]` behind a `[`; a `]` in the first place belongs to the class.
fn class(text: &str) -> Option<(Piece, &str)> {
    let body = text.strip_prefix(['!', '^']).unwrap_or(text);
    let negated = body.len() < text.len();
    let mut ranges = Vec::new();
    let mut rest = body.chars();
    loop {
        let low = rest.next()?;
        if low == ']' && !ranges.is_empty() {
            return Some((Piece::Class { negated, ranges }, rest.as_str()));
        }
        let mut ahead = rest.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) if high != ']' => {
                rest = ahead;
                high
            }
            _ => low,
        };
        ranges.push((low, high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*.txt", "a.txt", true),
            ("*.txt", ".txt", true),
            ("*.txt", "a.txt.gz", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("?", "ü", true),
            ("?", "", false),
            ("??", "a", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("[abc]x", "bx", true),
            ("[a-c]x", "dx", false),
            ("[!a-c]x", "dx", true),
            ("[^a-c]x", "ax", false),
            ("[]]", "]", true),
            ("[!]]", "a", true),
            ("[a-]", "-", true),
            ("[-a]", "-", true),
            ("[a", "[a", true),
            ("[", "[", true),
            ("[]", "[]", true),
            ("a[", "a[", true),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            ("\\*", "\\x", true),
            ("a*", "A", false),
            ("**a", "bba", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(name),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn names_with_a_star_a_mark_or_a_bracket_are_patterns() {
        for (name, expected) in [("a*", true), ("a?", true), ("a[", true), ("a]{}", false)] {
            assert_eq!(Glob::is_pattern(name), expected, "{name}");
        }
    }

    #[test]
    fn four_thousand_stars_are_one() {
        assert_eq!(Glob::new(&"*".repeat(4_096)), Glob::new("*"));
    }

    #[test]
    fn a_hostile_pattern_does_not_explode() {
        let glob = Glob::new(&"a*".repeat(2_048));
        let name = "a".repeat(255) + "b";

        assert!(!Glob::new(&("a*".repeat(100) + "c")).matches(&name));
        assert!(!glob.matches(&name));
    }

    /// The definition, without any care for time.
    fn naive(pieces: &[Piece], name: &[char]) -> bool {
        match pieces.split_first() {
            None => name.is_empty(),
            Some((Piece::Any, rest)) => {
                (0..=name.len()).any(|skipped| naive(rest, &name[skipped..]))
            }
            Some((piece, rest)) => name
                .split_first()
                .is_some_and(|(c, behind)| piece.fits(*c) && naive(rest, behind)),
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_and_the_definition_agree(pattern in r"[ab*?\[\]!-]{0,8}", name in "[ab-]{0,8}") {
            let glob = Glob::new(&pattern);
            let chars: Vec<char> = name.chars().collect();

            prop_assert_eq!(glob.matches(&name), naive(&glob.0, &chars));
        }

        #[test]
        fn no_pattern_makes_it_panic(pattern: String, name: String) {
            let _: bool = Glob::new(&pattern).matches(&name);
        }
    }
}
