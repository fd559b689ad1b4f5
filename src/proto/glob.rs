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
