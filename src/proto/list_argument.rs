//! What `LIST`, `NLST` and `STAT` are asked for: flags as `ls` has them, and a pathname. No RFC knows
//! the flags; clients send them all the same.

use crate::proto::argument::{Argument, Optional, Pathname, SyntaxError};

/// `[flags] [pathname]` of `LIST`, `NLST` and `STAT`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListArgument {
    /// What the flags ask for.
    pub options: ListOptions,
    /// What to list; `None`: the current directory.
    pub pathname: Option<Pathname>,
}

/// The flags of `LIST` that mean something; all others are ignored.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ListOptions {
    /// `a`, `A`: names with a leading dot too.
    pub all: bool,
    /// `l`: long lines, also from `NLST`.
    pub long: bool,
    /// `R`: directories inside too.
    pub recursive: bool,
    /// `d`: the directory itself.
    pub directory_itself: bool,
    /// `t`, `S`: the order.
    pub sort: SortBy,
    /// `r`: the order reversed.
    pub reversed: bool,
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SortBy {
    /// By name.
    #[default]
    Name,
    /// Largest first.
    Size,
    /// Latest first.
    Time,
}

impl ListOptions {
    fn add(&mut self, flag: char) {
        match flag {
            'a' | 'A' => self.all = true,
            'l' => self.long = true,
            'R' => self.recursive = true,
            'd' => self.directory_itself = true,
            'S' => self.sort = SortBy::Size,
            't' => self.sort = SortBy::Time,
            'r' => self.reversed = true,
            _ => {}
        }
    }
}

impl Argument for ListArgument {
    const SYNTAX: &'static str = " [<flags>] [<pathname>]";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let mut options = ListOptions::default();
        let mut rest = raw.unwrap_or_default();
        while let Some(after_dash) = rest.strip_prefix('-') {
            let (flags, behind) = after_dash.split_once(' ').unwrap_or((after_dash, ""));
            if flags == "-" {
                rest = behind;
                break;
            }
            if flags.is_empty() || !flags.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                break;
            }
            flags.chars().for_each(|flag| options.add(flag));
            rest = behind;
        }
        Ok(Self {
            options,
            pathname: Pathname::of(rest).ok(),
        })
    }
}

impl Optional for ListArgument {
    const OPTIONAL_SYNTAX: &'static str = " [<pathname>]";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(typed: &str) -> ListArgument {
        ListArgument::parse(Some(typed)).unwrap()
    }

    #[test]
    fn flags_come_before_the_pathname() {
        for (typed, pathname) in [
            ("d", Some("d")),
            ("/d/", Some("/d/")),
            ("-a d", Some("d")),
            ("-la /d", Some("/d")),
            ("-al", None),
            ("-a -l d", Some("d")),
            ("-la ", None),
            ("-- -a", Some("-a")),
            ("-a -- -l", Some("-l")),
            ("--", None),
            ("./-a", Some("./-a")),
            ("a -l", Some("a -l")),
            ("-a.txt", Some("-a.txt")),
            ("-", Some("-")),
            ("*.txt", Some("*.txt")),
            (" d", Some(" d")),
        ] {
            let argument = parse(typed);
            assert_eq!(
                argument.pathname.as_ref().map(Pathname::as_str),
                pathname,
                "{typed}"
            );
        }
        assert_eq!(ListArgument::parse(None), Ok(ListArgument::default()));
    }

    #[test]
    fn flags_that_mean_something_are_kept_and_others_ignored() {
        let argument = parse("-LCFgnoqh1 -aR -t -rd x");

        assert_eq!(
            argument.options,
            ListOptions {
                all: true,
                recursive: true,
                directory_itself: true,
                sort: SortBy::Time,
                reversed: true,
                long: false,
            }
        );
        assert_eq!(parse("-LCFgnoqh1").options, ListOptions::default());
        assert!(parse("-l").options.long);
        assert_eq!(parse("-S").options.sort, SortBy::Size);
    }

    proptest! {
        #[test]
        fn every_text_is_an_argument(typed: String) {
            prop_assert!(ListArgument::parse(Some(&typed)).is_ok());
        }
    }
}
