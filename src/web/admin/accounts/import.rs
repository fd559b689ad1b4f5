//! `/admin/accounts/import`: take accounts over from another server, after a rehearsal that shows what
//! would become of each.

use std::ops::ControlFlow;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::hosting::imports::{Existing, Mode, Order, Outcome, Record, Report, RowResult, Source};
use crate::model::{Customer, Right};
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::layout::Layout;
use crate::web::state::Web;

/// Most bytes of a file that is pasted.
const LARGEST_BYTES: usize = 1_048_576;
/// The same as a form, where every byte may take three.
const BODY_LIMIT_BYTES: usize = 3 * LARGEST_BYTES + 65_536;
/// Most accounts: so many are made well before the browser gives up.
const MOST_ACCOUNTS: usize = 2_000;
/// Rows of a result that are shown.
const SHOWN: usize = 500;

pub(super) fn routes() -> Router<Web> {
    Router::new().route(
        "/accounts/import",
        get(show)
            .post(submit)
            .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES)),
    )
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/import.html")]
struct ImportPage {
    layout: Layout,
    form: Form,
    sources: Vec<(&'static str, &'static str)>,
    customers: Vec<(String, String)>,
    outcome: Option<Told>,
}

/// What became of a file, or would.
struct Told {
    title: String,
    sum: String,
    new_customers: Vec<String>,
    rows: Vec<Row>,
    more: String,
    /// Words of the button that does what was rehearsed; empty if there is nothing to do.
    button: String,
}

struct Row {
    place: String,
    name: String,
    class: &'static str,
    word: &'static str,
    detail: String,
    told: Vec<String>,
    old_home: String,
    home: String,
}

async fn show(State(app): State<App>, admin: Admin) -> Result<ImportPage, PageError> {
    admin.require(Right::ManageAccounts)?;
    let customers = app.customers.choices().await?;
    let form = Form::new().with("from", Source::PureFtpd.as_str());
    Ok(filled(admin.layout(TITLE), &customers, form, None))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let customers = app.customers.choices().await?;
    let Some((records, order)) = read(&mut form, &customers) else {
        let page = filled(admin.layout(TITLE), &customers, form, None);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let mode = order.mode;
    let actor = admin.actor.clone();
    // On its own: who closes the page learns nothing of it, but does not stop it halfway.
    let running = tokio::spawn(async move {
        let watch = |_| ControlFlow::Continue(());
        app.imports().run(&actor, records, &order, watch).await
    });
    let broken = |_| PageError::Broken("an import broke".to_owned());
    let report = running.await.map_err(broken)??;
    let rehearsed = fingerprint(&form);
    form.set("seen", rehearsed);
    if mode == Mode::Perform {
        form.forget("content");
        form.forget("seen");
    }
    let told = told(&report, mode);
    Ok(filled(admin.layout(TITLE), &customers, form, Some(told)).into_response())
}

/// What shall be done. It is done only if exactly this was rehearsed before.
fn read(form: &mut Form, customers: &[Customer]) -> Option<(Vec<Record>, Order)> {
    let source = form.read::<Source>("from");
    let customer = match form.value("customer") {
        "" => None,
        id => {
            let found = customers
                .iter()
                .find(|customer| customer.id.to_string() == id);
            let name = found.map(|customer| customer.name.clone());
            Some(form.check("customer", name.ok_or("Choose a customer"))?)
        }
    };
    let content = form.value("content").to_owned();
    if content.trim().is_empty() {
        form.refuse("content", "Paste the file");
    }
    if content.len() > LARGEST_BYTES {
        form.refuse(
            "content",
            "The file must be 1 MiB or less. Use the command line for a larger one",
        );
        form.forget("content");
        return None;
    }
    let source = source?;
    if !form.is_fine() {
        return None;
    }
    let records = source.read(content.as_bytes());
    let records = form.check(
        "content",
        records.map_err(|error| sentence(&error.to_string())),
    )?;
    if records.len() > MOST_ACCOUNTS {
        let words = "The file must have 2,000 accounts or fewer. Use the command line for more";
        form.refuse("content", words);
        return None;
    }
    let is_rehearsed = form.is("seen", &fingerprint(form));
    let order = Order {
        title: source.label().to_owned(),
        customer,
        existing: if form.is("update", "yes") {
            Existing::Change
        } else {
            Existing::Keep
        },
        mode: if is_rehearsed && form.is("then", "import") {
            Mode::Perform
        } else {
            Mode::Rehearse
        },
    };
    Some((records, order))
}

/// Everything that decides about the result.
fn fingerprint(form: &Form) -> String {
    let mut digest = Sha256::new();
    for field in ["from", "customer", "update", "content"] {
        digest.update(form.value(field).as_bytes());
        digest.update([0]);
    }
    HEXLOWER.encode(&digest.finalize())
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}

fn told(report: &Report, mode: Mode) -> Told {
    let counts = report.counts();
    let figures = [
        (counts.created, "created"),
        (counts.changed, "changed"),
        (counts.differing, "different and left"),
        (counts.unchanged, "unchanged"),
        (counts.refused, "refused"),
    ];
    let words = figures.iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = words
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let hidden = report.rows.len().saturating_sub(SHOWN);
    let to_do = counts.created + counts.changed;
    Told {
        title: match mode {
            Mode::Rehearse => "What would be done",
            Mode::Perform => "Imported",
        }
        .to_owned(),
        sum: words.join(" · "),
        new_customers: report.new_customers.clone(),
        rows: report.rows.iter().take(SHOWN).map(row).collect(),
        more: match hidden {
            0 => String::new(),
            _ => format!("{hidden} more are not shown."),
        },
        button: if mode == Mode::Rehearse && to_do > 0 {
            format!("Import {}", plural(to_do, "account", "accounts"))
        } else {
            String::new()
        },
    }
}

fn row(result: &RowResult) -> Row {
    let (class, home) = match &result.outcome {
        Outcome::Created { home } => ("ok", home.clone()),
        Outcome::Changed(_) => ("ok", String::new()),
        Outcome::Unchanged => ("off", String::new()),
        Outcome::Differs(_) => ("warn", String::new()),
        Outcome::Refused(_) => ("bad", String::new()),
    };
    Row {
        place: sentence(&result.place.to_string()),
        name: result.name.clone(),
        class,
        word: result.outcome.as_str(),
        detail: result.outcome.detail(),
        told: result.told.clone(),
        old_home: result.old_home.clone(),
        home,
    }
}

const TITLE: &str = "Import accounts";

fn filled(layout: Layout, customers: &[Customer], form: Form, outcome: Option<Told>) -> ImportPage {
    let as_told = (String::new(), "As the file tells".to_owned());
    let named = customers
        .iter()
        .map(|customer| (customer.id.to_string(), customer.name.clone()));
    ImportPage {
        layout: layout.with_errors(!form.is_fine()),
        sources: Source::ALL
            .map(|source| (source.as_str(), source.label()))
            .to_vec(),
        customers: [as_told].into_iter().chain(named).collect(),
        outcome,
        form,
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::hosting::imports::{Place, RowRefusal};
    use crate::web::sample_records::customer;

    let result = |line, name: &str, outcome| RowResult {
        place: Place::Line(line),
        name: name.to_owned(),
        outcome,
        old_home: format!("/srv/ftp/{name}"),
        told: vec!["Its hours are not taken over; it may log in at any time.".to_owned()],
    };
    let refusal = RowRefusal {
        field: "password",
        reason: "not a password hash of a known kind".to_owned(),
    };
    let notes = ("notes".to_owned(), String::new(), "Moved".to_owned());
    let home = "kestrel-print/camera-2-0a1b2c".to_owned();
    let report = Report {
        rows: vec![
            result(1, "camera-2", Outcome::Created { home }),
            result(2, "scanner", Outcome::Differs(vec![notes])),
            result(3, "kestrel-print", Outcome::Unchanged),
            result(4, "broken", Outcome::Refused(refusal)),
        ],
        new_customers: vec!["Quay West".to_owned()],
        is_cancelled: false,
    };
    let page = |form: Form, outcome| {
        let layout = Layout::sample(TITLE, "/admin/accounts/import");
        filled(layout, &[customer()], form, outcome).to_string()
    };
    let mut wrong = Form::new();
    wrong.refuse("content", "Paste the file");
    vec![
        ("account-import", page(Form::new(), None)),
        ("account-import-errors", page(wrong, None)),
        (
            "account-import-rehearsed",
            page(Form::new(), Some(told(&report, Mode::Rehearse))),
        ),
        (
            "account-import-done",
            page(Form::new(), Some(told(&report, Mode::Perform))),
        ),
    ]
}
