//! `/admin/network`: passive ports, public address, active mode, and the firewall rules they need.

use std::net::Ipv4Addr;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::app::App;
use crate::hosting::network::NetworkError;
use crate::model::{PortRange, Right};
use crate::net::{OutgoingPorts, own_address};
use crate::settings::SettingsError;
use crate::web::auth::{Admin, Submitted};
use crate::web::error::PageError;
use crate::web::firewall_tabs::{
    FirewallTab, Listener, control_port, listener_ports, listeners, tabs,
};
use crate::web::flash::Notice;
use crate::web::form::Form;
use crate::web::layout::Layout;
use crate::web::network_advice::{self, Advice, Evidence, reminder};
use crate::web::network_form::{self, RuleRow};
use crate::web::port_lines::{PortLine, port_lines};
use crate::web::port_map::PortMap;
use crate::web::state::Web;
use crate::web::table::Address;
use crate::web::told::{Told, extended_reply, told};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/network", get(show).post(submit))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/network.html")]
struct NetworkPage {
    layout: Layout,
    may_change: bool,
    form: Form,
    rules: Vec<RuleRow>,
    /// Rows were added or removed and are not saved yet.
    is_dirty: bool,
    reminder: String,
    verdict: Advice,
    checks: Vec<Advice>,
    range: PortRange,
    public_words: String,
    map: PortMap,
    lines: Vec<PortLine>,
    pool: String,
    told: Vec<Told>,
    extended: String,
    example_port: u16,
    control_port: u16,
    own_address: String,
    tabs: Vec<FirewallTab>,
    listeners: Vec<Listener>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Arrival {
    /// The range before the change that led here.
    was: String,
}

async fn show(
    State(app): State<App>,
    admin: Admin,
    Query(arrival): Query<Arrival>,
) -> Result<NetworkPage, PageError> {
    let settings = app.settings.current();
    let mut form = Form::new();
    network_form::fill(&mut form, &settings);
    let rows = network_form::stored_rows(&settings);
    let mut page = page(&app, &admin, form, rows).await;
    let before = arrival.was.parse::<PortRange>().ok();
    page.reminder = before.map_or_else(String::new, |before| {
        reminder(before, settings.passive_ports)
    });
    Ok(page)
}

async fn submit(
    State(app): State<App>,
    admin: Admin,
    Submitted(mut form): Submitted,
) -> Result<Response, PageError> {
    admin.require(Right::ChangeSettings)?;
    let rows = network_form::sent_rows(&form);
    if form.has("add") || form.has("remove") {
        let mut page = page(&app, &admin, form, rows).await;
        page.is_dirty = true;
        return Ok(page.into_response());
    }
    let ports = listener_ports(&app.boot);
    if let Some(change) = network_form::read(&mut form, &rows, &ports) {
        let before = app.settings.current().passive_ports;
        match app.network.change(&admin.actor, change).await {
            Ok(()) => {
                let after = app.settings.current().passive_ports;
                let was = if before == after {
                    String::new()
                } else {
                    before.to_string()
                };
                let to = Address::new("/admin/network").with("was", was);
                return Ok(admin.see_other(&to.to_string(), Notice::Saved));
            }
            Err(error) => refuse(&mut form, error)?,
        }
    }
    let page = page(&app, &admin, form, rows).await;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Puts what the service refused beside its field; what has no field becomes a page.
fn refuse(form: &mut Form, error: NetworkError) -> Result<(), PageError> {
    match error {
        NetworkError::Bind(error) => {
            form.refuse("first", format!("Port {} {}", error.port(), error.reason()));
        }
        NetworkError::Settings(SettingsError::Invalid(problems)) => {
            for problem in problems {
                let field = match problem.key.as_str() {
                    "public_address" => "public_value",
                    "address_rules" => "network-0",
                    _ => "first",
                };
                form.refuse(field, problem.problem);
            }
        }
        error => return Err(error.into()),
    }
    Ok(())
}

async fn page(app: &App, admin: &Admin, form: Form, rules: Vec<RuleRow>) -> NetworkPage {
    let settings = app.settings.current();
    let range = settings.passive_ports;
    let ports = app.network.ports();
    let (outgoing, own) = tokio::task::spawn_blocking(|| (OutgoingPorts::detect(), own_address()))
        .await
        .unwrap_or_default();
    let local = own.unwrap_or(Ipv4Addr::LOCALHOST);
    let checks = network_advice::checks(&Evidence {
        range,
        public: &settings.public_address,
        name: app.network.public_name(),
        ports: &ports,
        outgoing: &outgoing,
        around: app.network.surroundings(),
        published: app.boot.published_ports,
    });
    let counters = app.passive_ports.counters();
    let lines = port_lines(&ports, |session| app.sessions.find(session));
    let map = PortMap::of(range, &ports, |session| {
        let of_session = |line: &&PortLine| line.session == Some(session);
        lines
            .iter()
            .find(of_session)
            .map(PortLine::title)
            .unwrap_or_default()
    });
    // Somewhere in the middle: a port that looks like one a client would be told.
    let example_port = range.first() + (range.last() - range.first()) / 2;
    NetworkPage {
        layout: admin
            .layout("Network and ports")
            .with_errors(!form.is_fine()),
        may_change: admin.may(Right::ChangeSettings),
        rules,
        is_dirty: false,
        reminder: String::new(),
        verdict: network_advice::verdict(&counters),
        checks,
        range,
        public_words: public_words(app),
        map,
        lines,
        pool: network_advice::pool(&counters),
        told: told(
            &settings.address_rules,
            local,
            example_port,
            |client, local| app.network.advertised(client, local),
        ),
        extended: extended_reply(example_port),
        example_port,
        control_port: control_port(&app.boot),
        own_address: own.map(|address| address.to_string()).unwrap_or_default(),
        tabs: tabs(&app.boot, &settings),
        listeners: listeners(app),
        form,
    }
}

/// What the public address is now, as a hint.
fn public_words(app: &App) -> String {
    let status = app.network.public_name();
    match status.and_then(|status| status.address.map(|address| (status.name, address))) {
        Some((name, address)) => format!("{name} is {address} now. Checked again all the time."),
        None => "Looked up in the background; the last good address is kept.".to_owned(),
    }
}

/// The page with made-up values.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    use crate::model::SessionId;
    use crate::net::{PassiveCounters, PortState, PortView};
    use crate::settings::Settings;
    use crate::web::sample_records::HOSTILE;

    let settings = Settings::default();
    let range = settings.passive_ports;
    let session = SessionId::from_parts(1, [1; 10]);
    let view = |offset, state| PortView {
        port: range.first() + offset,
        state,
        reserved: Vec::new(),
        connected: Vec::new(),
    };
    let views = [
        view(1, PortState::Connected(2)),
        view(4, PortState::Reserved(1)),
        view(9, PortState::Foreign),
    ];
    let line = PortLine {
        port: range.first() + 1,
        dot: "ok",
        state: "2 connections".to_owned(),
        session: Some(session),
        account: HOSTILE.to_owned(),
        account_url: "/admin/accounts/kestrel-print".to_owned(),
        client: "198.51.100.23".to_owned(),
        doing: HOSTILE.to_owned(),
    };
    let page = |may_change, has_errors| {
        let mut form = Form::new();
        network_form::fill(&mut form, &settings);
        if has_errors {
            form.refuse("last", "Last port must be higher than the first (50000)");
            form.refuse("network-0", "10.0.0.0/8 is listed already");
        }
        let advice = Advice {
            state: "warn",
            fact: "The system may borrow these ports".to_owned(),
            detail: "Reserve them:".to_owned(),
            badge: "Overlap",
            command: "sysctl -w net.ipv4.ip_local_reserved_ports=30000-30019".to_owned(),
        };
        let counters = PassiveCounters {
            connected_total: 1_842,
            timeouts_total: 3,
            ..PassiveCounters::default()
        };
        NetworkPage {
            layout: Layout::sample("Network and ports", "/admin/network"),
            may_change,
            form,
            rules: vec![RuleRow {
                network: "10.0.0.0/8".to_owned(),
                address: String::new(),
            }],
            is_dirty: has_errors,
            reminder: "Open 30000 to 30019 in your firewall.".to_owned(),
            verdict: network_advice::verdict(&counters),
            checks: vec![advice],
            range,
            public_words: "Looked up in the background.".to_owned(),
            map: PortMap::of(range, &views, |_| HOSTILE.to_owned()),
            lines: vec![line.clone()],
            pool: network_advice::pool(&counters),
            told: told(&[], Ipv4Addr::new(10, 0, 4, 12), 30_009, |_, local| local),
            extended: extended_reply(30_009),
            example_port: 30_009,
            control_port: 21,
            own_address: "10.0.4.12".to_owned(),
            tabs: vec![FirewallTab {
                id: "ufw",
                label: "ufw",
                text: "sudo ufw allow 30000:30019/tcp".to_owned(),
                pitfall: "Ports published by Docker pass ufw by.",
            }],
            listeners: vec![Listener {
                address: "0.0.0.0:2121".to_owned(),
                encryption: "Explicit TLS, required",
                sessions: 6,
            }],
        }
    };
    vec![
        ("network", page(true, false).to_string()),
        ("network-errors", page(true, true).to_string()),
        ("network-auditor", page(false, false).to_string()),
    ]
}
