//! Lists: filter, sort and page live in the URL, so that a link shows a colleague the same thing.

use std::fmt;

/// The address of a page with its query, built in a fixed order so that equal views have equal URLs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Address {
    path: String,
    query: Vec<(&'static str, String)>,
}

impl Address {
    /// The page at `path` without a query.
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: Vec::new(),
        }
    }

    /// Adds a parameter; an empty value is the default and is left out. A parameter that is there
    /// already is replaced.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        let value = value.to_string();
        self.query.retain(|(key, _)| *key != name);
        if !value.is_empty() {
            self.query.push((name, value));
        }
        self
    }

    /// The parameters, for the hidden fields of a filter form.
    pub(crate) fn query(&self) -> &[(&'static str, String)] {
        &self.query
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let sign = if index == 0 { '?' } else { '&' };
            write!(f, "{sign}{name}={}", encoded(value))?;
        }
        Ok(())
    }
}

/// `text` as it may stand in the query or as one segment of a path.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@/:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
    }
    out
}

/// One link of a segmented filter: `Active 229`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Segment {
    /// The words.
    pub(crate) label: &'static str,
    /// How many there are, where it is known.
    pub(crate) count: String,
    /// Where the link leads.
    pub(crate) url: String,
    /// Whether it is the one in force.
    pub(crate) current: bool,
}

/// Up or down.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Direction {
    /// Names from a, sizes from small.
    #[default]
    Ascending,
    /// Sizes from large, times from new.
    Descending,
}

impl Direction {
    /// How it is written in a URL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }

    fn flipped(self) -> Self {
        match self {
            Self::Ascending => Self::Descending,
            Self::Descending => Self::Ascending,
        }
    }
}

/// A column of a list and how it sorts at first click.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Column {
    /// Its name in the URL; empty if the list cannot be sorted by it.
    pub(crate) key: &'static str,
    /// Its heading.
    pub(crate) label: &'static str,
    /// The direction of the first click.
    pub(crate) natural: Direction,
    /// Further classes of the heading: `r`, `hide-sm`, …
    pub(crate) class: &'static str,
}

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sort {
    /// The column's name in the URL.
    pub(crate) key: &'static str,
    /// Up or down.
    pub(crate) direction: Direction,
}

impl Sort {
    /// Reads `sort` and `dir`; what names no column falls back to the first that can be sorted.
    pub(crate) fn read(columns: &[Column], sort: &str, dir: &str) -> Self {
        let sortable = || columns.iter().filter(|column| !column.key.is_empty());
        let found = sortable()
            .find(|column| column.key == sort)
            .or_else(|| sortable().next());
        let Some(column) = found else {
            return Self {
                key: "",
                direction: Direction::Ascending,
            };
        };
        let direction = match dir {
            "asc" => Direction::Ascending,
            "desc" => Direction::Descending,
            _ => column.natural,
        };
        Self {
            key: column.key,
            direction,
        }
    }

    /// The head of the table: a link per column that can be sorted.
    pub(crate) fn heads(self, columns: &[Column], here: &Address) -> Vec<Head> {
        columns
            .iter()
            .map(|column| self.head(*column, here))
            .collect()
    }

    fn head(self, column: Column, here: &Address) -> Head {
        let is_current = !column.key.is_empty() && column.key == self.key;
        let direction = if is_current {
            self.direction.flipped()
        } else {
            column.natural
        };
        let url = if column.key.is_empty() {
            String::new()
        } else {
            here.clone()
                .with("sort", column.key)
                .with("dir", direction.as_str())
                .to_string()
        };
        Head {
            label: column.label,
            class: column.class,
            url,
            sorted: is_current.then_some(self.direction),
        }
    }
}

/// One cell of the head of a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    /// The heading.
    pub(crate) label: &'static str,
    /// Its classes.
    pub(crate) class: &'static str,
    /// Where a click leads; empty if the column cannot be sorted.
    pub(crate) url: String,
    /// The direction, if the list is sorted by it.
    pub(crate) sorted: Option<Direction>,
}

impl Head {
    /// The value of `aria-sort`; empty if the list is not sorted by this column.
    pub(crate) fn aria(&self) -> &'static str {
        match self.sorted {
            Some(Direction::Ascending) => "ascending",
            Some(Direction::Descending) => "descending",
            None => "",
        }
    }

    /// The arrow beside the heading.
    pub(crate) fn arrow(&self) -> &'static str {
        match self.sorted {
            Some(Direction::Ascending) => "asc",
            Some(Direction::Descending) => "desc",
            None => "",
        }
    }
}

/// The line under a list: what is shown, and the way to the rest.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Pager {
    /// `1–50 of 248`.
    pub(crate) shown: String,
    /// The words of the link back: `Previous`, `Newer`.
    pub(crate) back_label: &'static str,
    /// The words of the link on: `Next`, `Older`.
    pub(crate) on_label: &'static str,
    /// Where the link back leads; empty at the first page.
    pub(crate) back: String,
    /// Where the link on leads; empty at the last page.
    pub(crate) on: String,
}

impl Pager {
    /// Numbered pages: `page` counts from 1, `size` rows each, `total` rows in all.
    pub(crate) fn numbered(here: &Address, page: u64, size: u64, total: u64) -> Self {
        let size = size.max(1);
        let last = total.div_ceil(size).max(1);
        let page = page.clamp(1, last);
        let link = |page: u64| {
            let number = if page == 1 {
                String::new()
            } else {
                page.to_string()
            };
            here.clone().with("page", number).to_string()
        };
        let from = (page - 1) * size + u64::from(total > 0);
        let to = (page * size).min(total);
        Self {
            shown: format!(
                "{}–{} of {}",
                super::format::Count(from),
                super::format::Count(to),
                super::format::Count(total)
            ),
            back_label: "Previous",
            on_label: "Next",
            back: if page > 1 {
                link(page - 1)
            } else {
                String::new()
            },
            on: if page < last {
                link(page + 1)
            } else {
                String::new()
            },
        }
    }

    /// Pages of a growing list, by cursor: the newest first.
    pub(crate) fn cursors(shown: String, newer: Option<Address>, older: Option<Address>) -> Self {
        let text = |address: Option<Address>| address.map(|it| it.to_string()).unwrap_or_default();
        Self {
            shown,
            back_label: "Newer",
            on_label: "Older",
            back: text(newer),
            on: text(older),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [
        Column {
            key: "name",
            label: "Name",
            natural: Direction::Ascending,
            class: "",
        },
        Column {
            key: "size",
            label: "Size",
            natural: Direction::Descending,
            class: "r",
        },
    ];

    #[test]
    fn an_address_leaves_defaults_out_and_encodes_the_rest() {
        let address = Address::new("/admin/accounts")
            .with("q", "a b&c")
            .with("plan", "")
            .with("page", 2);

        assert_eq!(address.to_string(), "/admin/accounts?q=a%20b%26c&page=2");
    }

    #[test]
    fn the_first_click_sorts_in_the_natural_direction_and_the_second_flips() {
        let here = Address::new("/a");

        let heads = Sort::read(&COLUMNS, "", "").heads(&COLUMNS, &here);

        assert_eq!(heads[0].url, "/a?sort=name&dir=desc");
        assert_eq!(heads[0].aria(), "ascending");
        assert_eq!(heads[1].url, "/a?sort=size&dir=desc");
    }

    #[test]
    fn an_unknown_column_falls_back_to_the_first() {
        assert_eq!(Sort::read(&COLUMNS, "colour", "up").key, "name");
    }

    #[test]
    fn the_pager_knows_both_ends() {
        let here = Address::new("/a");

        let first = Pager::numbered(&here, 1, 50, 248);
        let last = Pager::numbered(&here, 9, 50, 248);

        assert_eq!(first.shown, "1–50 of 248");
        assert_eq!((first.back.as_str(), first.on.as_str()), ("", "/a?page=2"));
        assert_eq!(last.shown, "201–248 of 248");
        assert_eq!((last.back.as_str(), last.on.as_str()), ("/a?page=4", ""));
        assert_eq!(Pager::numbered(&here, 1, 50, 0).shown, "0–0 of 0");
    }
}
