//! The one page that shows a password: the answer to the form that made it, never an address.

use askama::Template;
use askama_web::WebTemplate;

use crate::app::App;
use crate::hosting::accounts::AccountDetails;
use crate::hosting::connection_card::ConnectionCard;
use crate::model::Secret;
use crate::web::account_form::LIMITS;
use crate::web::account_head::account_url;
use crate::web::auth::Admin;
use crate::web::card::card;
use crate::web::layout::Layout;

/// Why there is a password to show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Occasion {
    /// A new account; `another` if the next one is to follow.
    Created {
        /// Whether the administrator is making several.
        another: bool,
    },
    /// A new password for an account; so many sessions were ended.
    Reset {
        /// Sessions that were ended.
        ended: usize,
    },
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/accounts/created.html")]
pub(super) struct CreatedPage {
    layout: Layout,
    name: String,
    url: String,
    crumb: &'static str,
    title: String,
    lead: String,
    password: String,
    card_text: String,
    curl: String,
    fingerprint: Option<String>,
    another_url: String,
    another_first: bool,
}

/// The page for `details` with its `password`.
pub(super) fn page(
    app: &App,
    admin: &Admin,
    details: &AccountDetails,
    password: &Secret,
    occasion: Occasion,
) -> CreatedPage {
    let (_, title, _) = words(details, occasion);
    let card = card(app, &details.account);
    filled(admin.layout(title), &card, details, password, occasion)
}

fn filled(
    layout: Layout,
    card: &ConnectionCard,
    details: &AccountDetails,
    password: &Secret,
    occasion: Occasion,
) -> CreatedPage {
    let account = &details.account;
    let (crumb, title, lead) = words(details, occasion);
    CreatedPage {
        layout,
        name: account.username.to_string(),
        url: account_url(account),
        crumb,
        title,
        lead,
        password: password.expose().to_owned(),
        card_text: card.plain_text(Some(password)),
        curl: card.curl(),
        fingerprint: card.fingerprint().map(str::to_owned),
        another_url: match occasion {
            Occasion::Created { .. } => {
                format!("/admin/accounts/new?customer={}", details.customer.id)
            }
            Occasion::Reset { .. } => String::new(),
        },
        another_first: occasion == Occasion::Created { another: true },
    }
}

fn words(details: &AccountDetails, occasion: Occasion) -> (&'static str, String, String) {
    let name = &details.account.username;
    match occasion {
        Occasion::Created { .. } => {
            let limit = LIMITS
                .bytes
                .measure
                .words(details.limits.account.bytes.limit);
            let lead = format!("The customer can sign in now. Storage limit: {limit}.");
            ("Created", format!("{name} is ready"), lead)
        }
        Occasion::Reset { ended } => {
            let ended = match ended {
                0 => "No session was open.".to_owned(),
                1 => "1 session was closed.".to_owned(),
                ended => format!("{ended} sessions were closed."),
            };
            let lead = format!("The old password stopped working. {ended}");
            ("New password", format!("New password for {name}"), lead)
        }
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::{AccountStatus, TlsRule};
    use crate::web::sample_records::{self, account_details};

    let page = |occasion| {
        let layout = |title| Layout::sample(title, "/admin/accounts/new");
        let password = Secret::new("hU7mKq2vXs9eTn4wRb3c".to_owned());
        let card = sample_records::card(TlsRule::Inherit);
        let details = account_details(AccountStatus::Active);
        filled(layout("Created"), &card, &details, &password, occasion).to_string()
    };
    vec![
        (
            "account-created",
            page(Occasion::Created { another: false }),
        ),
        ("account-password-reset", page(Occasion::Reset { ended: 2 })),
    ]
}
