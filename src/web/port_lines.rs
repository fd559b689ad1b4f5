//! The ports that are not free, one line for each session that holds one.

use crate::hosting::sessions::SessionView;
use crate::model::SessionId;
use crate::net::{PortState, PortView};
use crate::web::account_activity::doing;
use crate::web::port_map::{state_dot, state_words};
use crate::web::table::encoded;

/// A port and who holds it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PortLine {
    /// The port.
    pub(crate) port: u16,
    /// Class of the state's dot.
    pub(crate) dot: &'static str,
    /// What the port is doing.
    pub(crate) state: String,
    /// The session that holds it, if one of ours does.
    pub(crate) session: Option<SessionId>,
    /// The account; empty if nobody is signed in.
    pub(crate) account: String,
    /// The account's page; empty if nobody is signed in.
    pub(crate) account_url: String,
    /// The client's address; empty if no session of ours holds the port.
    pub(crate) client: String,
    /// What the session does with it.
    pub(crate) doing: String,
}

impl PortLine {
    /// Who does what, for the square of the port.
    pub(crate) fn title(&self) -> String {
        match (self.account.as_str(), self.doing.as_str()) {
            ("", doing) => doing.to_owned(),
            (account, "") => account.to_owned(),
            (account, doing) => format!("{account}, {doing}"),
        }
    }
}

/// The lines, by port. `find` looks a session up; it may have ended meanwhile.
pub(crate) fn port_lines(
    ports: &[PortView],
    find: impl Fn(SessionId) -> Option<SessionView>,
) -> Vec<PortLine> {
    let mut lines = Vec::new();
    for view in ports.iter().filter(|view| view.state != PortState::Free) {
        if lines.len() >= LINES_MAX {
            break;
        }
        if view.connected.is_empty() && view.reserved.is_empty() {
            lines.push(line(view, None, ""));
        }
        for session in &view.connected {
            lines.push(line(view, find(*session).as_ref(), ""));
        }
        for session in &view.reserved {
            lines.push(line(
                view,
                find(*session).as_ref(),
                "waiting for the client",
            ));
        }
    }
    lines
}

/// Lines on the page at most.
const LINES_MAX: usize = 500;

fn line(view: &PortView, session: Option<&SessionView>, waiting: &str) -> PortLine {
    let account = session.and_then(|session| session.account.as_ref());
    let name = account
        .map(|account| account.username.to_string())
        .unwrap_or_default();
    PortLine {
        port: view.port,
        dot: state_dot(&view.state),
        state: state_words(&view.state),
        session: session.map(|session| session.id),
        account_url: match name.as_str() {
            "" => String::new(),
            name => format!("/admin/accounts/{}", encoded(name)),
        },
        account: name,
        client: session
            .map(|session| session.peer.ip().to_canonical().to_string())
            .unwrap_or_default(),
        doing: match (waiting, session) {
            ("", Some(session)) => doing(session),
            (waiting, _) => waiting.to_owned(),
        },
    }
}
