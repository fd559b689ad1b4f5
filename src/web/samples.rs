//! Every page with made-up values: rendered by one test, and written to `target/samples` so that
//! they can be looked at in a browser without a server.

use std::collections::BTreeSet;
use std::path::Path;

use askama::Template;

use super::form::Form;
use super::layout::Layout;
use super::meter::Meter;
use super::table::{Address, Column, Direction, Pager, Segment, Sort};
use super::{admin, refusal};

fn all() -> Vec<(&'static str, String)> {
    [
        vec![("components", Components::sample().to_string())],
        refusal::samples(),
        admin::samples(),
    ]
    .concat()
}

/// Every macro once: the place to copy markup from.
#[derive(Template)]
#[template(path = "_components.html")]
struct Components {
    layout: Layout,
    form: Form,
    heads: Vec<super::table::Head>,
    segments: Vec<Segment>,
    pager: Pager,
    meters: Vec<Meter>,
}

impl Components {
    fn sample() -> Self {
        let here = Address::new("/admin/accounts");
        let column = |key, label, natural, class| Column {
            key,
            label,
            natural,
            class,
        };
        let columns = [
            column("name", "Account", Direction::Ascending, ""),
            column("size", "Storage", Direction::Descending, "r"),
            column("", "Notes", Direction::Ascending, "hide-sm"),
        ];
        let mut form = Form::new()
            .with("username", "kestrel print")
            .with("plan", "business")
            .with("bytes_src", "own")
            .with("bytes", "50");
        form.refuse("username", "User name “kestrel print” has a space");
        form.refuse("bytes", "Storage limit must be a number, for example 50");
        let segment = |label, count: &str, current| Segment {
            label,
            count: count.to_owned(),
            url: here.to_string(),
            current,
        };
        Self {
            layout: Layout::sample("Components", "/admin/components"),
            form,
            heads: Sort::read(&columns, "name", "asc").heads(&columns, &here),
            segments: vec![
                segment("All", "248", true),
                segment("Suspended", "6", false),
            ],
            pager: Pager::numbered(&here, 2, 50, 248),
            meters: vec![
                Meter::storage(9 << 30, Some(50 << 30)),
                Meter::storage(46 << 30, Some(50 << 30)),
                Meter::storage(51 << 30, Some(50 << 30)),
                Meter::storage(51 << 30, None),
            ],
        }
    }
}

/// What is wrong with a page; nothing, normally.
fn faults(html: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if html.matches("<h1").count() != 1 {
        faults.push(format!(
            "{} headings of the first level",
            html.matches("<h1").count()
        ));
    }
    if html.contains(" style=") || html.contains("<style") {
        faults.push("an inline style, which the content policy blocks".to_owned());
    }
    if html.contains(" onclick=") || html.contains("<script>") {
        faults.push("an inline script, which the content policy blocks".to_owned());
    }
    if html.contains("<img src=x") {
        faults.push("a hostile name that was not escaped".to_owned());
    }
    let mut ids = BTreeSet::new();
    for rest in html.split(" id=\"").skip(1) {
        let id = rest.split('"').next().unwrap_or_default();
        if !ids.insert(id) {
            faults.push(format!("the id `{id}` twice"));
        }
    }
    for rest in html.split("<form").skip(1) {
        let form = rest.split("</form>").next().unwrap_or_default();
        let posts = form
            .split('>')
            .next()
            .unwrap_or_default()
            .contains("method=\"post\"");
        if posts && !form.contains("name=\"csrf\"") {
            faults.push("a form without its token".to_owned());
        }
    }
    faults
}

#[test]
fn every_page_renders_without_fault() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/samples"));
    std::fs::create_dir_all(folder).unwrap();
    let assets = super::assets::URLS.css.replace("/assets/", "");
    for (name, html) in all() {
        let local = html.replace("/assets/", "../../static/");
        let hash = assets.split('.').nth(1).unwrap_or_default();
        let local = local.replace(&format!("app.{hash}.css"), "app.css");
        std::fs::write(folder.join(format!("{name}.html")), local).unwrap();

        assert_eq!(faults(&html), Vec::<String>::new(), "{name}");
    }
}
