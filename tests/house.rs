//! The building law: floors, circles, twins, reserved names, sizes and words, checked on the text of
//! the repository. What each law is good for stands in `docs/ARCHITECTURE.md`; a failure says what
//! to do. The second half shows on small made-up houses that every law can fail.

#[path = "house/assertions.rs"]
mod assertions;
#[path = "house/files.rs"]
mod files;
#[path = "house/floors.rs"]
mod floors;
#[path = "house/modules.rs"]
mod modules;
#[path = "house/sizes.rs"]
mod sizes;
#[path = "house/tokens.rs"]
mod tokens;
#[path = "house/twins.rs"]
mod twins;
#[path = "house/words.rs"]
mod words;

#[cfg(test)]
mod the_repository {
    use super::files::Files;
    use super::modules::Modules;
    use super::{assertions, floors, sizes, twins, words};

    fn here() -> Files {
        Files::of_repository().expect("the repository can be read")
    }

    fn assert_clean(findings: &[String]) {
        assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
    }

    #[test]
    fn the_table_of_floors_leads_only_downwards() {
        assert_clean(&floors::faults_of_the_table());
    }

    #[test]
    fn every_import_leads_to_a_room_that_may_be_imported() {
        assert_clean(&floors::forbidden_imports(&Modules::of(&here())));
    }

    #[test]
    fn no_files_and_no_rooms_form_a_circle() {
        assert_clean(&floors::circles(&Modules::of(&here())));
    }

    #[test]
    fn reserved_names_stay_in_their_rooms() {
        assert_clean(&words::names_out_of_their_room(&Modules::of(&here())));
    }

    #[test]
    fn every_page_has_its_template_and_every_template_its_page() {
        assert_clean(&twins::separated(&here()));
    }

    #[test]
    fn every_file_is_named_after_its_subject_and_says_what_it_is_for() {
        assert_clean(&words::files_without_a_subject(&here()));
    }

    #[test]
    fn files_and_functions_are_short() {
        let files = here();
        let modules = Modules::of(&files);
        assert_clean(&sizes::too_long(&files, &modules));
        assert_clean(&sizes::needless_exceptions(&files, &modules));
    }

    #[test]
    fn every_assertion_has_its_test_and_every_test_its_assertion() {
        assert_clean(&assertions::unproven(&here()));
    }

    #[test]
    fn the_page_of_assertions_is_up_to_date() {
        let files = here();
        let page = assertions::page(&files);
        if std::env::var_os(assertions::WRITE).is_some() {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(assertions::PAGE);
            std::fs::write(path, page).expect("the page can be written");
            return;
        }

        let is_current = files.text(assertions::PAGE) == Some(page.as_str());
        let stale = format!(
            "{}: out of date; run tests/run assertions",
            assertions::PAGE
        );
        assert!(is_current, "\n{stale}\n");
    }

    #[test]
    fn unwanted_words_stand_nowhere() {
        assert_clean(&words::unwanted_words(&here()));
    }
}

#[cfg(test)]
mod the_checker {
    use super::files::Files;
    use super::modules::Modules;
    use super::{assertions, floors, sizes, twins, words};

    const ROOT: (&str, &str) = ("src/lib.rs", "//! Root.\npub mod store;\npub mod web;\n");

    fn imports<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        floors::forbidden_imports(&Modules::of(&Files::written(files)))
    }

    fn circles<const N: usize>(files: [(&str, &str); N]) -> Vec<String> {
        floors::circles(&Modules::of(&Files::written(files)))
    }

    fn assert_one(findings: &[String], says: &str) {
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings.iter().any(|finding| finding.contains(says)),
            "{findings:?}"
        );
    }

    #[test]
    fn a_door_that_imports_the_store_is_refused() {
        let store = ("src/store/mod.rs", "//! Rows.\npub struct Db;\n");
        for import in [
            "use crate::store::Db;",
            "use crate::{store::Db, model::Account};",
            "use crate::store;",
            "use super::super::super::store::Db as Rows;",
            "fn page(db: &crate::store::Db) {}",
            "pub(crate) use crate::store::Db;",
        ] {
            let page = ("src/web/admin/plans.rs", import);
            let findings = imports([ROOT, store, page]);
            assert_one(&findings, "imports `store`: ask a service in `hosting`");
        }
    }

    #[test]
    fn comments_texts_and_tests_may_speak_of_the_store() {
        let page = "//! See [`crate::store`].\n/* crate::store::Db */\n\
                    const TEXT: &str = \"crate::store::Db\";\nconst RAW: &str = r#\"crate::store\"#;\n\
                    #[cfg(test)]\nmod tests {\n    use crate::store::Db;\n}\n";

        assert!(imports([ROOT, ("src/web/page.rs", page)]).is_empty());
    }

    #[test]
    fn a_room_without_a_floor_is_refused() {
        assert_one(
            &imports([("src/cellar.rs", "//! Dark.\n")]),
            "room `cellar` has no floor",
        );
    }

    #[test]
    fn a_re_export_does_not_hide_a_forbidden_import() {
        let store = ("src/store/mod.rs", "//! Rows.\npub struct Db;\n");
        let app = ("src/app.rs", "//! Hall.\npub use crate::store::Db;\n");
        let page = ("src/web/page.rs", "use crate::app::Db;\n");

        let findings = imports([ROOT, store, app, page]);

        assert_one(&findings, "src/web/page.rs:1 imports `store`");
    }

    #[test]
    fn rooms_that_import_each_other_are_a_circle() {
        let findings = circles([
            ("src/lib.rs", "pub mod net;\npub mod vfs;\n"),
            ("src/net/mod.rs", "mod ports;\n"),
            ("src/net/ports.rs", "use crate::vfs::Volume;\n"),
            ("src/vfs/mod.rs", "mod volume;\npub use volume::Volume;\n"),
            ("src/vfs/volume.rs", "pub struct Volume;\n"),
            ("src/vfs/home.rs", "use crate::net::Port;\n"),
        ]);

        assert_one(&findings, "circle of rooms: net -> vfs -> net");
    }

    #[test]
    fn files_of_one_room_that_import_each_other_are_a_circle() {
        let findings = circles([
            ("src/lib.rs", "pub mod net;\n"),
            (
                "src/net/mod.rs",
                "mod a;\nmod b;\nmod c;\npub use a::A;\npub use b::B;\n",
            ),
            ("src/net/a.rs", "use super::B;\npub struct A;\n"),
            ("src/net/b.rs", "use super::c;\npub struct B(c::C);\n"),
            ("src/net/c.rs", "pub struct C(crate::net::A);\n"),
        ]);

        let circle =
            "circle of files: src/net/a.rs -> src/net/b.rs -> src/net/c.rs -> src/net/a.rs";
        assert_one(&findings, circle);
    }

    #[test]
    fn a_list_of_siblings_in_the_mod_file_is_no_circle() {
        let findings = circles([
            ("src/lib.rs", "pub mod net;\n"),
            (
                "src/net/mod.rs",
                "mod a;\nmod b;\npub use a::A;\npub(crate) use b::B;\n",
            ),
            ("src/net/a.rs", "use super::B;\npub struct A;\n"),
            ("src/net/b.rs", "pub struct B;\n"),
        ]);

        assert!(findings.is_empty(), "{findings:?}");
    }

    #[test]
    fn a_page_without_its_template_is_refused() {
        let page = ("src/web/admin/plans.rs", "struct Page;");

        let findings = twins::separated(&Files::written([page]));

        assert_one(
            &findings,
            "a page renders its twin templates/admin/plans.html; write it",
        );
    }

    #[test]
    fn a_page_that_names_a_template_that_does_not_exist_is_refused() {
        let page = "#[derive(Template)]\n#[template(path = \"admin/plans.html\")]\nstruct Page;";

        let findings = twins::separated(&Files::written([("src/web/admin/plans.rs", page)]));

        assert_one(
            &findings,
            "names templates/admin/plans.html, which does not exist",
        );
    }

    #[test]
    fn a_template_without_its_page_is_refused() {
        let findings = twins::separated(&Files::written([
            ("templates/admin/plans.html", ""),
            ("templates/admin/_row.html", ""),
            ("templates/base.html", ""),
            ("templates/macros/field.html", ""),
        ]));

        assert_one(&findings, "templates/admin/plans.html: no page renders it");
    }

    #[test]
    fn an_assertion_without_a_test_and_a_test_without_an_assertion_are_refused() {
        let list = "# Control\nCTL-01 One line.\n# Not yet\nCTL-02 Two lines. | no setting\n";
        let test = "/// CTL-01, S-11, TLS12.\n#[tokio::test]\nasync fn it_holds() {}\n";
        let findings = |list, test| {
            let files = [("tests/assertions.txt", list), ("tests/it/a.rs", test)];
            assertions::unproven(&Files::written(files))
        };

        assert!(findings(list, test).is_empty());
        assert_one(
            &findings(list, ""),
            "CTL-01 (One line.) is named by no test",
        );
        assert_one(&findings(list, "/// CTL-01.\nfn no_test() {}\n"), "CTL-01");
        let more = test.replace("S-11", "CTL-03");
        assert_one(&findings(list, &more), "`it_holds` names CTL-03, which");
        let more = test.replace("S-11", "CTL-02");
        assert_one(&findings(list, &more), "CTL-02 has a test; move it");
        let twice = list.replace("# Not", "CTL-01 Again.\n# Not");
        assert_one(&findings(&twice, test), "CTL-01 stands there twice");
        let empty = list.replace(" | no setting", "");
        assert_one(&findings(&empty, test), "is no assertion");
    }

    #[test]
    fn the_page_links_each_assertion_to_its_tests() {
        let page = assertions::page(&Files::written([
            (
                "tests/assertions.txt",
                "# Control\nCTL-01 One|line.\nINT-01 curl.\nINT-02 lftp.\n# Not yet\nCTL-02 Two. | later\n",
            ),
            ("tests/it/a.rs", "/// CTL-01.\n#[test]\nfn it_holds() {}\n"),
            (
                "tests/clients/a_curl.py",
                "    # INT-02\n    @both\n    def test_a_file(self):\n        \"\"\"INT-01.\"\"\"\n",
            ),
        ]));

        for row in [
            "| CTL-01 | One\\|line. | [it holds](../../tests/it/a.rs) |",
            "| INT-02 | lftp. | [a file](../../tests/clients/a_curl.py) |",
            "| INT-01 | curl. | [a file](../../tests/clients/a_curl.py) |",
            "## Not yet\n\n| id | what is asserted | why not |",
            "| CTL-02 | Two. | later |",
        ] {
            assert!(page.contains(row), "{page}");
        }
    }

    #[test]
    fn reserved_names_are_refused_outside_their_rooms() {
        for (file, text, says) in [
            ("src/hosting/plans.rs", "use sqlx::Row;", "names `sqlx`"),
            (
                "src/hosting/plans.rs",
                "const Q: &str = \"SELECT 1\";",
                "holds SQL",
            ),
            ("src/app.rs", "use axum::Router;", "names `axum`"),
            (
                "src/ftp/mod.rs",
                "#[derive(askama::Template)]\nstruct Page;",
                "names `askama`",
            ),
            (
                "src/net/tls.rs",
                "fn f() { std::env::var(\"X\"); }",
                "names `env::`",
            ),
            (
                "src/vfs/home.rs",
                "fn f() { SystemTime::now(); }",
                "names `SystemTime::now`",
            ),
            (
                "src/proto/line.rs",
                "use tokio::io::AsyncRead;",
                "`proto` is pure",
            ),
        ] {
            let modules = Modules::of(&Files::written([(file, text)]));
            assert_one(&words::names_out_of_their_room(&modules), says);
        }
    }

    #[test]
    fn a_file_without_a_subject_or_a_first_line_is_refused() {
        let nameless = Files::written([("src/net/utils.rs", "//! Things.\n")]);
        assert_one(
            &words::files_without_a_subject(&nameless),
            "name the file after its subject",
        );

        let silent = Files::written([("src/net/ports.rs", "use std::io;\n")]);
        assert_one(&words::files_without_a_subject(&silent), "begin with `//!`");
    }

    #[test]
    fn long_files_and_functions_are_refused_but_not_for_their_tests() {
        let long = "fn f() {\n    let a = '{';\n".to_owned() + &"    g();\n".repeat(60) + "}\n";
        let files = Files::written([("src/net/a.rs", &long)]);
        assert_one(
            &sizes::too_long(&files, &Modules::of(&files)),
            "`f`: 63 lines",
        );

        let files = Files::written([("src/net/a.rs", &"// line\n".repeat(401))]);
        assert_one(&sizes::too_long(&files, &Modules::of(&files)), "401 lines");

        let tests = format!(
            "#[cfg(test)]\nmod tests {{\n{}}}\n",
            "// line\n".repeat(401)
        );
        let files = Files::written([("src/net/a.rs", &tests)]);
        assert!(sizes::too_long(&files, &Modules::of(&files)).is_empty());
    }

    #[test]
    fn unwanted_words_are_refused() {
        for word in [
            concat!("// TO", "DO later"),
            concat!("#[al", "low(dead_code)]"),
        ] {
            assert_one(
                &words::unwanted_words(&Files::written([("src/a.rs", word)])),
                "says",
            );
        }
    }
}
