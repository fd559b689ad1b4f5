//! The icons: paths on a grid of 16, drawn with the colour of the text around them.

use std::fmt;

use askama::filters::HtmlSafe;

/// An icon as inline SVG. It is decoration: the words beside it say the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Icon<'a> {
    name: &'a str,
    class: &'a str,
}

impl<'a> Icon<'a> {
    /// The icon `name`, with further classes such as `ok`, `warn` or `bad`.
    pub(crate) fn new(name: &'a str, class: &'a str) -> Self {
        Self { name, class }
    }
}

impl fmt::Display for Icon<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.class.is_empty() { "" } else { " " };
        // The dots are points: they need a wider pen to be seen.
        let pen = if self.name == "dots" {
            " stroke-width=\"2.5\""
        } else {
            ""
        };
        write!(
            f,
            "<svg class=\"ico{space}{class}\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{path}\"{pen}/></svg>",
            class = self.class,
            path = path(self.name),
        )
    }
}

// Made of constants of this file and class names of our own templates.
impl HtmlSafe for Icon<'_> {}

/// The path of the icon `name`; empty if there is none.
fn path(name: &str) -> &'static str {
    let found = PATHS.binary_search_by_key(&name, |(known, _)| known);
    found
        .ok()
        .and_then(|at| PATHS.get(at))
        .map_or("", |(_, path)| path)
}

/// Every icon, by name.
#[rustfmt::skip]
const PATHS: &[(&str, &str)] = &[
    ("archive", "M2 2.75h12v3H2zM3 5.75h10v7.5H3zM6.5 8.5h3"),
    ("asc", "M4 10l4-4 4 4"),
    ("audit", "M2.25 4l1 1 2-2M2.25 9.5l1 1 2-2M8 4h5.75M8 9.5h5.75M8 13h3"),
    ("bad", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M6 6l4 4M10 6l-4 4"),
    ("ban", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M3.75 3.75l8.5 8.5"),
    ("check", "M3 8.5l3.25 3.25L13 4.75"),
    ("chev", "M6 3.5L10.5 8 6 12.5"),
    ("chevd", "M3.5 6L8 10.5 12.5 6"),
    ("chevl", "M10 3.5L5.5 8l4.5 4.5"),
    ("clock", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M8 4.75V8l2.25 1.5"),
    ("copy", "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3"),
    ("dashboard", "M2.5 2.5H7v5H2.5zM9 2.5h4.5v3H9zM9 8h4.5v5.5H9zM2.5 10H7v3.5H2.5z"),
    ("desc", "M4 6l4 4 4-4"),
    ("dots", "M3.5 8h.01M8 8h.01M12.5 8h.01"),
    ("down", "M8 3v10M4 9l4 4 4-4"),
    ("download", "M8 2.5v8M4.75 7.5L8 10.75l3.25-3.25M2.5 13.5h11"),
    ("edit", "M2.5 13.5l.75-3L10.5 3.25l2.25 2.25-7.25 7.25zM9 4.75L11.25 7"),
    ("ext", "M9.5 2.5h4v4M13.5 2.5l-6 6M11.5 9.5v4h-9v-9h4"),
    ("eye", "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"),
    ("file", "M3.5 1.75h6l3 3v9.5h-9zM9.5 1.75v3h3"),
    ("filter", "M2 3.5h12M4.5 8h7M6.5 12.5h3"),
    ("folder", "M1.75 12.75v-9.5h4.5L7.75 5h6.5v7.75z"),
    ("globe", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M2 8h12M8 2c2 1.8 2.75 3.8 2.75 6S10 12.2 8 14c-2-1.8-2.75-3.8-2.75-6S6 3.8 8 2z"),
    ("health", "M2.5 2.5h11V7h-11zM2.5 9h11v4.5h-11zM5 4.75h.01M5 11.25h.01"),
    ("home", "M2.5 7L8 2.5 13.5 7v6.5h-11zM6.5 13.5v-4h3v4"),
    ("image", "M2 3h12v10H2zM2 11l3.5-3.5 3 3 2-2L14 12M10.5 6h.01"),
    ("info", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M8 7.5V11M8 5h.01"),
    ("key", "M10.25 9a3.25 3.25 0 1 0-3.1-2.25L2.5 11.5v2h2.25V12h1.5v-1.5h1.5l.9-1c.5-.3 1-.5 1.6-.5zM11.25 4.75h.01"),
    ("keyboard", "M1.5 4h13v8h-13zM4 6.75h.01M6.75 6.75h.01M9.5 6.75h.01M12 6.75h.01M5 9.5h6"),
    ("link", "M6.5 9.5l3-3M7 4.5l1.25-1.25a2.65 2.65 0 0 1 3.75 3.75L10.75 8.25M9 11.5l-1.25 1.25A2.65 2.65 0 0 1 4 9l1.25-1.25"),
    ("live", "M1.5 8h3l2-5 3 10 2-5h3"),
    ("lock", "M3.5 7h9v6.5h-9zM5.25 7V5a2.75 2.75 0 0 1 5.5 0v2"),
    ("log", "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10.5h3"),
    ("logout", "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6"),
    ("mail", "M1.75 3.5h12.5v9H1.75zM1.75 4.5L8 9l6.25-4.5"),
    ("menu", "M2.5 4.5h11M2.5 8h11M2.5 11.5h11"),
    ("minus", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M5.5 8h5"),
    ("network", "M6.25 2h3.5v3.5h-3.5zM1.75 10.5h3.5V14h-3.5zM10.75 10.5h3.5V14h-3.5zM8 5.5V8M3.5 10.5V8h9v2.5"),
    ("ok", "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z M5.5 8.25L7.25 10l3.25-3.5"),
    ("pause", "M5.5 3v10M10.5 3v10"),
    ("phone", "M5 1.75h6v12.5H5zM7.5 12h1"),
    ("plans", "M8 2l6 3-6 3-6-3zM2 8l6 3 6-3M2 11l6 3 6-3"),
    ("play", "M4.5 2.75v10.5L13 8z"),
    ("plus", "M8 3v10M3 8h10"),
    ("power", "M8 1.75v5.5M4.75 3.75a5.25 5.25 0 1 0 6.5 0"),
    ("print", "M4.5 6V2.25h7V6M4.5 11.5H1.75V6h12.5v5.5H11.5M4.5 9.5h7v4.25h-7z"),
    ("refresh", "M13.25 6.5A5.5 5.5 0 0 0 3.5 5L2.5 6.25M2.5 3v3.25h3.25M2.75 9.5A5.5 5.5 0 0 0 12.5 11l1-1.25M13.5 13V9.75h-3.25"),
    ("search", "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.25 10.25l3.25 3.25"),
    ("send", "M14 2L7.25 8.75M14 2l-4.25 12-2.5-5.25L2 6.25z"),
    ("settings", "M8.5 4.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0zM4.5 11.5a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0zM2 4.5h6.5M11.5 4.5H14M2 11.5h2.5M7.5 11.5H14"),
    ("shield", "M8 1.75L13 3.5v4c0 3.2-2 5.4-5 6.75C5 12.9 3 10.7 3 7.5v-4z"),
    ("star", "M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5z"),
    ("tag", "M2 2.5h5.5L14 9l-5 5-7-6.5zM5 5.5h.01"),
    ("transfer", "M5 13V3M2.5 5.5L5 3l2.5 2.5M11 3v10M8.5 10.5L11 13l2.5-2.5"),
    ("trash", "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.75 9h6.5l.75-9M6.75 7v4M9.25 7v4"),
    ("unlock", "M3.5 7h9v6.5h-9zM5.25 7V5a2.75 2.75 0 0 1 5.3-1"),
    ("up", "M8 13V3M4 7l4-4 4 4"),
    ("updown", "M5 6l3-3 3 3M5 10l3 3 3-3"),
    ("upload", "M8 10.5v-8M4.75 5.5L8 2.25l3.25 3.25M2.5 13.5h11"),
    ("user", "M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8zM2.75 14c.4-2.7 2.5-4.25 5.25-4.25s4.85 1.55 5.25 4.25"),
    ("users", "M6 7.5A2.25 2.25 0 1 0 6 3a2.25 2.25 0 0 0 0 4.5zM1.75 13c.3-2.4 2-3.75 4.25-3.75S9.95 10.6 10.25 13M10.5 3.2a2.25 2.25 0 0 1 0 4.1M12 9.6c1.3.6 2.1 1.8 2.25 3.4"),
    ("warn", "M8 2l6.5 11.5h-13zM8 6.5v3M8 11.5h.01"),
    ("x", "M4 4l8 8M12 4l-8 8"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_icon_takes_the_class_of_its_state() {
        let icon = Icon::new("lock", "ok").to_string();

        assert!(icon.starts_with("<svg class=\"ico ok\" "), "{icon}");
    }

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(PATHS.is_sorted_by_key(|(name, _)| name));
    }

    #[test]
    fn every_icon_named_in_a_template_exists() {
        let mut unknown = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/templates"
        ))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let file = entry.unwrap().path();
                if file.is_dir() {
                    folders.push(file);
                    continue;
                }
                let text = std::fs::read_to_string(&file).unwrap();
                let names = text
                    .split("ico(\"")
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next());
                unknown.extend(
                    names
                        .filter(|name| path(name).is_empty())
                        .map(str::to_owned),
                );
            }
        }

        assert_eq!(unknown, Vec::<String>::new());
    }
}
