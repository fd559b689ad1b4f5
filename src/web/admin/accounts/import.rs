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

use super::import_file::address;
use crate::app::App;
use crate::hosting::imports::{Existing, Imports, Mode, Order, Record, Report, Source};
use crate::model::{Customer, Right};
use crate::web::auth::Admin;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::format::plural;
use crate::web::import_row::{ImportLine, sentence};
use crate::web::layout::Layout;
use crate::web::state::Web;
use crate::web::upload::{Sent, SubmittedFile};

/// Most bytes of a file that is pasted.
const LARGEST_PASTED_BYTES: usize = 1_048_576;
/// The field of a file that is pasted.
const PASTED: &str = "content";
/// Most characters of the name of a file that are kept.
const LONGEST_NAME: usize = 100;

pub(super) fn routes() -> Router<Web> {
    Router::new().route(
        "/accounts/import",
        get(show)
            .post(submit)
            .layer(DefaultBodyLimit::max(SubmittedFile::BODY_LIMIT_BYTES)),
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
    rows: Vec<ImportLine>,
    /// Words of the button that does what was rehearsed; empty if there is nothing to do.
    button: String,
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
    SubmittedFile { mut form, file }: SubmittedFile,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let customers = app.customers.choices().await?;
    let content = content(&mut form, file);
    // What is pasted can stand in the form until it is imported. A file cannot: it is kept.
    let is_pasted = content.as_ref().is_some_and(|it| it.field == PASTED);
    let order = order(&mut form, &customers, content.as_ref());
    let read = match (content, order) {
        (Some(content), Some((source, order))) => {
            let records = read(&mut form, source, content).await?;
            records.map(|records| (records, order))
        }
        _ => None,
    };
    let Some((records, mut order)) = read else {
        let page = filled(admin.layout(TITLE), &customers, form, None);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    if records.len() > Imports::FEW || !is_pasted {
        let imports = app.imports();
        let id = imports.keep(&admin.actor, &records, &order).await?;
        imports.queue(&admin.actor, id, Mode::Rehearse).await?;
        return Ok(admin.see_other(&address(id), Notice::ImportChecked));
    }
    // It is done only if exactly this was rehearsed before.
    let is_rehearsed = form.is("seen", &fingerprint(&form));
    if is_rehearsed && form.is("then", "import") {
        order.mode = Mode::Perform;
    }
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

/// A file, however it came.
struct Content {
    /// The field in which it came.
    field: &'static str,
    /// Its name; empty if it was pasted.
    name: String,
    bytes: Vec<u8>,
}

fn content(form: &mut Form, file: Sent) -> Option<Content> {
    let pasted = form.value(PASTED).to_owned();
    let is_pasted = !pasted.trim().is_empty();
    match file {
        Sent::TooLarge => {
            form.refuse(
                "file",
                "The file must be 8 MiB or less. Use the command line for a larger one",
            );
            None
        }
        Sent::File { .. } if is_pasted => {
            form.refuse("file", "Choose a file or paste one, not both");
            None
        }
        Sent::File { name, bytes } => {
            let kept = name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME);
            Some(Content {
                field: "file",
                name: kept.collect(),
                bytes,
            })
        }
        Sent::Nothing if pasted.len() > LARGEST_PASTED_BYTES => {
            form.refuse(
                PASTED,
                "What is pasted must be 1 MiB or less. Choose the file instead",
            );
            form.forget(PASTED);
            None
        }
        Sent::Nothing if is_pasted => Some(Content {
            field: PASTED,
            name: String::new(),
            bytes: pasted.into_bytes(),
        }),
        Sent::Nothing => {
            form.refuse("file", "Choose a file, or paste it");
            None
        }
    }
}

/// What shall be done with the file; only looked through for the time being.
fn order(
    form: &mut Form,
    customers: &[Customer],
    content: Option<&Content>,
) -> Option<(Source, Order)> {
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
    let source = source?;
    let label = source.label();
    let order = Order {
        title: match content {
            Some(content) if !content.name.is_empty() => format!("{label}: {}", content.name),
            _ => label.to_owned(),
        },
        customer,
        existing: if form.is("update", "yes") {
            Existing::Change
        } else {
            Existing::Keep
        },
        mode: Mode::Rehearse,
    };
    Some((source, order))
}

/// The accounts of the file.
async fn read(
    form: &mut Form,
    source: Source,
    content: Content,
) -> Result<Option<Vec<Record>>, PageError> {
    let Content { field, bytes, .. } = content;
    let read = tokio::task::spawn_blocking(move || source.read(&bytes)).await;
    let records = read.map_err(|_| PageError::Broken("a file broke".to_owned()))?;
    let records = records.map_err(|error| sentence(&error.to_string()));
    Ok(form.check(field, records))
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

fn told(report: &Report, mode: Mode) -> Told {
    let counts = report.counts();
    let to_do = counts.created + counts.changed;
    Told {
        title: match mode {
            Mode::Rehearse => "What would be done",
            Mode::Perform => "Imported",
        }
        .to_owned(),
        sum: counts.sum(),
        new_customers: report.new_customers.clone(),
        rows: (1..)
            .zip(&report.rows)
            .map(|(number, row)| ImportLine::of(&row.row(number)))
            .collect(),
        button: if mode == Mode::Rehearse && to_do > 0 {
            format!("Import {}", plural(to_do, "account", "accounts"))
        } else {
            String::new()
        },
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
    use crate::hosting::imports::{Outcome, Place, RowRefusal, RowResult};
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
    wrong.refuse("file", "Choose a file, or paste it");
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
