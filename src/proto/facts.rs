//! The facts of `MLST` and `MLSD`, and which of them a session has selected (RFC 3659 §7).

/// One fact about a file, in the order in which they are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fact {
    /// `file`, `dir` or `OS.unix=symlink`.
    Type,
    /// Size in bytes, of files.
    Size,
    /// Time of the last change, UTC.
    Modify,
    /// What the account may do with it.
    Perm,
    /// The same for two names of one file.
    Unique,
    /// Mode, four octal digits.
    UnixMode,
    /// Owner, always masked.
    UnixOwner,
    /// Group, always masked.
    UnixGroup,
}

impl Fact {
    /// Every fact, in the order in which they are written.
    pub const ALL: [Self; 8] = [
        Self::Type,
        Self::Size,
        Self::Modify,
        Self::Perm,
        Self::Unique,
        Self::UnixMode,
        Self::UnixOwner,
        Self::UnixGroup,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Size => "size",
            Self::Modify => "modify",
            Self::Perm => "perm",
            Self::Unique => "unique",
            Self::UnixMode => "UNIX.mode",
            Self::UnixOwner => "UNIX.owner",
            Self::UnixGroup => "UNIX.group",
        }
    }

    const fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// A selection of facts (`OPTS MLST`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Facts(u8);

impl Facts {
    /// No fact: a line has only the name.
    pub const NONE: Self = Self(0);

    /// Reads `type;size;`: any case, unknown facts are ignored.
    pub fn parse(list: &str) -> Self {
        let mut facts = Self::NONE;
        for name in list.split(';').map(str::trim) {
            for fact in Fact::ALL {
                if fact.name().eq_ignore_ascii_case(name) {
                    facts.0 |= fact.bit();
                }
            }
        }
        facts
    }

    /// Whether `fact` is selected.
    pub const fn has(self, fact: Fact) -> bool {
        self.0 & fact.bit() != 0
    }

    /// The selected names, each with `;`: the answer to `OPTS MLST`.
    pub fn selected(self) -> String {
        Fact::ALL
            .into_iter()
            .filter(|fact| self.has(*fact))
            .fold(String::new(), |text, fact| text + fact.name() + ";")
    }

    /// Every name with `;`, the selected ones with `*`: the line of `FEAT`.
    pub fn feature(self) -> String {
        Fact::ALL.into_iter().fold(String::new(), |text, fact| {
            text + fact.name() + if self.has(fact) { "*;" } else { ";" }
        })
    }
}

impl Default for Facts {
    /// What a client gets that never says `OPTS MLST`.
    fn default() -> Self {
        Self(
            Fact::Type.bit()
                | Fact::Size.bit()
                | Fact::Modify.bit()
                | Fact::Perm.bit()
                | Fact::Unique.bit()
                | Fact::UnixMode.bit(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_in_any_case_and_told_in_one_order() {
        let facts = Facts::parse("size;bogus;MODIFY;type");

        assert_eq!(facts.selected(), "type;size;modify;");
    }

    #[test]
    fn no_names_select_nothing() {
        for text in ["", ";", "bogus;"] {
            assert_eq!(Facts::parse(text), Facts::NONE, "{text:?}");
        }
        assert_eq!(Facts::NONE.selected(), "");
    }

    #[test]
    fn the_feature_line_marks_the_selection() {
        assert_eq!(
            Facts::default().feature(),
            "type*;size*;modify*;perm*;unique*;UNIX.mode*;UNIX.owner;UNIX.group;"
        );
        assert_eq!(
            Facts::parse("unix.group;").feature(),
            "type;size;modify;perm;unique;UNIX.mode;UNIX.owner;UNIX.group*;"
        );
    }
}
