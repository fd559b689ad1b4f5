//! `/admin/accounts/{account}/folders`: what the account may do in which of its folders, and a box
//! that tests a path.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::hosting::accounts::{AccountDetails, AccountError, PathTrial};
use crate::model::{Account, PathRules, Right, Version, VirtualPath};
use crate::web::account_head::{AccountHead, account_url};
use crate::web::account_lookup::account;
use crate::web::auth::{Admin, Submitted};
use crate::web::conflict::Conflict;
use crate::web::error::PageError;
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::rule_rows::{self, RuleRow};
use crate::web::state::Web;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/accounts/{account}/folders", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/folders.html")]
struct FoldersPage {
    layout: Layout,
    head: AccountHead,
    form: Form,
    version: Version,
    conflict: Option<Conflict>,
    columns: Vec<&'static str>,
    /// What holds where no rule does; `None` if there is a rule for the home itself.
    elsewhere: Option<RuleRow>,
    rows: Vec<RuleRow>,
    presets: Vec<(&'static str, &'static str)>,
    path: String,
    answer: Option<Answer>,
}

/// What the box that tests a path answers.
struct Answer {
    kind: &'static str,
    fact: String,
    why: String,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    path: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<FoldersPage, PageError> {
    let details = account(&app, &segment).await?;
    let mut page = page(&admin, &details, Form::new());
    let typed = asked.path.trim();
    if !typed.is_empty() {
        typed.clone_into(&mut page.path);
        page.answer = Some(answer(&app, &details.account, typed).await?);
    }
    Ok(page)
}

async fn answer(app: &App, account: &Account, typed: &str) -> Result<Answer, PageError> {
    let Ok(path) = VirtualPath::root().resolve(typed) else {
        return Ok(Answer {
            kind: "warn",
            fact: "No file can have this path.".to_owned(),
            why: "It is too long, or has a character that no name may have.".to_owned(),
        });
    };
    let trial = app.accounts.try_path(account.id, &path).await?;
    Ok(Answer::of(&path, &trial))
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Path(segment): Path<String>,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ManageAccounts)?;
    let details = account(&app, &segment).await?;
    let id = details.account.id;
    let seen = form.value("version").parse::<Version>();
    let (Ok(seen), Some(rules)) = (seen, wished(&details.account, &mut form)) else {
        let page = page(&admin, &details, form);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    match app.accounts.set_rules(&admin.actor, id, seen, rules).await {
        Ok(account) => {
            let back = format!("{}/folders", account_url(&account));
            Ok(admin.see_other(&back, Notice::Saved))
        }
        Err(AccountError::Stale) => conflict(&app, &admin, &segment, form).await,
        Err(error) => Err(error.into()),
    }
}

/// The rules after what was pressed: a row taken away, a folder added, or the table as ticked.
fn wished(account: &Account, form: &mut Form) -> Option<PathRules> {
    if form.has("remove") {
        let gone = form.value("remove").to_owned();
        let folder = rule_rows::folder(&gone, form)?;
        return Some(account.rules.without(&folder));
    }
    if form.is("do", "add") {
        let access = account.access();
        return rule_rows::read_new(form, &account.rules, |path| access.at(path).permissions);
    }
    rule_rows::read(form)
}

/// The values that somebody else saved first; what was ticked is gone.
async fn conflict(
    app: &App,
    admin: &Admin,
    segment: &str,
    form: Form,
) -> Result<Response, PageError> {
    let details = account(app, segment).await?;
    let id = details.account.id.to_string();
    let mut page = page(admin, &details, form);
    page.conflict = Some(Conflict::about(app, &id, "this account", &page.layout).await?);
    Ok((StatusCode::CONFLICT, page).into_response())
}

fn page(admin: &Admin, details: &AccountDetails, form: Form) -> FoldersPage {
    let title = format!("Folders of {}", details.account.username);
    let may_manage = admin.may(Right::ManageAccounts);
    filled(admin.layout(title), details, may_manage, form)
}

fn filled(layout: Layout, details: &AccountDetails, may_manage: bool, form: Form) -> FoldersPage {
    let account = &details.account;
    let home = VirtualPath::root();
    let elsewhere = account.permissions.permissions();
    let has_home = account.rules.get(&home).is_some();
    let rows = account
        .rules
        .iter()
        .map(|rule| rule_rows::row(&rule.folder, rule.permissions, rule.hidden));
    FoldersPage {
        layout: layout.with_errors(!form.is_fine()),
        head: AccountHead::new(details, may_manage, "/folders"),
        version: account.version,
        conflict: None,
        columns: rule_rows::columns().iter().map(|column| column.1).collect(),
        elsewhere: (!has_home).then(|| rule_rows::row(&home, elsewhere, false)),
        rows: rows.collect(),
        presets: rule_rows::presets(),
        path: String::new(),
        answer: None,
        form,
    }
}

impl Answer {
    fn of(path: &VirtualPath, trial: &PathTrial) -> Self {
        let allowed: Vec<&str> = rule_rows::columns()
            .into_iter()
            .filter(|(permission, _)| trial.permissions.has(*permission))
            .map(|(_, label)| label)
            .collect();
        let fact = if trial.is_hidden {
            format!("{path} does not exist for this account.")
        } else if allowed.is_empty() {
            format!("{path} allows nothing.")
        } else {
            format!("{path} allows: {}.", allowed.join(", ").to_lowercase())
        };
        let mut why = Vec::new();
        if let Some(place) = &trial.leads_to {
            why.push(format!("A link leads to {place}, and both must allow it."));
        }
        why.extend(
            trial
                .decided_by
                .iter()
                .map(|folder| format!("The rule for {folder} decides.")),
        );
        if trial.decided_by.is_empty() {
            why.push("No rule: the permissions of the account hold.".to_owned());
        }
        if let Some(folder) = &trial.held_by {
            why.push(format!(
                "The rule for {folder} keeps it from being renamed or removed."
            ));
        }
        Self {
            kind: if trial.is_hidden { "warn" } else { "" },
            fact,
            why: why.join(" "),
        }
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::{AccountStatus, PathRule, PermissionProfile, Permissions};
    use crate::web::sample_records::{HOSTILE, account_details};

    let folder = |path: &str| {
        VirtualPath::root()
            .resolve(path)
            .unwrap_or(VirtualPath::root())
    };
    let rule = |path: &str, permissions: Permissions, hidden| PathRule {
        folder: folder(path),
        permissions,
        hidden,
    };
    let read_only = PermissionProfile::ReadOnly.permissions();
    let mut details = account_details(AccountStatus::Active);
    let bare = details.clone();
    let rules = vec![
        rule("/proofs", read_only, false),
        rule(&format!("/{HOSTILE}"), Permissions::NONE, true),
    ];
    details.account.rules = PathRules::new(rules).unwrap_or_default();
    let page = |details: &AccountDetails, may_manage| {
        let layout = Layout::sample("Folders", "/admin/accounts/kestrel-print/folders");
        filled(layout, details, may_manage, Form::new())
    };
    let mut asked = page(&details, true);
    asked.path = "/proofs/new".to_owned();
    asked.answer = Some(Answer::of(
        &folder("/link"),
        &PathTrial {
            permissions: read_only,
            is_hidden: false,
            leads_to: Some(folder("/proofs/new")),
            decided_by: vec![folder("/proofs")],
            held_by: Some(folder("/proofs/a")),
        },
    ));
    vec![
        ("account-folders", asked.to_string()),
        ("account-folders-none", page(&bare, true).to_string()),
        ("account-folders-auditor", page(&details, false).to_string()),
    ]
}
