//! Who asks: looked up once per request, from the cookie, before any page runs.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;

use super::error::PageError;
use super::flash::Flash;
use super::state::Web;
use super::{cookie, csrf};
use crate::hosting::admins::Browser;
use crate::model::{Secret, SignedIn};

/// The name of the cookie that holds the token of a sign-in.
const SESSION_COOKIE: &str = "sid";
/// The longest a sign-in lasts, whatever happens.
const SESSION_LIFETIME: Duration = Duration::from_hours(12);

const VISIT_COOKIE: &str = "visit";
const VISIT_LIFETIME: Duration = Duration::from_hours(2);
const FLASH_COOKIE: &str = "flash";
const FLASH_LIFETIME: Duration = Duration::from_mins(1);

/// Who asks and from where.
#[derive(Clone, Debug)]
pub(crate) struct Visitor(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    session: Option<SignedIn>,
    had_cookie: bool,
    visit: Option<Secret>,
    /// The visit that this very request begins.
    begun: Option<Secret>,
    flash: Option<Flash>,
    browser: Browser,
    here: String,
    secure: bool,
}

impl Visitor {
    /// The sign-in, if there is one.
    pub(crate) fn session(&self) -> Option<&SignedIn> {
        self.0.session.as_ref()
    }

    /// Whether the browser brought a sign-in that has ended meanwhile.
    pub(crate) fn was_signed_out(&self) -> bool {
        self.0.had_cookie && self.0.session.is_none()
    }

    /// What a form of this visitor must send back.
    pub(crate) fn form_token(&self) -> String {
        match (&self.0.session, &self.0.visit) {
            (Some(session), _) => session.session.csrf.expose().to_owned(),
            (None, Some(visit)) => csrf::token(visit),
            (None, None) => String::new(),
        }
    }

    /// Whether `sent` is what a form of this visitor sends.
    pub(crate) fn sent_own_form(&self, sent: &str) -> bool {
        csrf::same(&self.form_token(), sent)
    }

    /// What the last page left to say.
    pub(crate) fn flash(&self) -> Option<&Flash> {
        self.0.flash.as_ref()
    }

    /// Address and name of the browser.
    pub(crate) fn browser(&self) -> &Browser {
        &self.0.browser
    }

    /// Path and query of the request.
    pub(crate) fn here(&self) -> &str {
        &self.0.here
    }

    /// Whether cookies are bound to HTTPS.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.secure
    }
}

/// Looks up who asks, and tidies the cookies of the answer.
pub(crate) async fn recognise(
    State(web): State<Web>,
    mut request: Request,
    next: Next,
) -> Response {
    let secure = web.is_secure();
    let (mut facts, token) = seen(&web, &request, secure);
    if let Some(token) = token {
        facts.session = match web.app().admins.session(&token).await {
            Ok(session) => session,
            Err(error) => return PageError::from(error).into_response(),
        };
    }
    if facts.session.is_none() && facts.visit.is_none() && has_signed_out_form(&request) {
        facts.begun = Some(random_token());
        facts.visit.clone_from(&facts.begun);
    }
    let had_flash = facts.flash.is_some();
    let begun = facts.begun.clone();
    request.extensions_mut().insert(Visitor(Arc::new(facts)));

    let mut response = next.run(request).await;

    let is_page = is_page(&response);
    let headers = response.headers_mut();
    if let Some(visit) = begun {
        cookie::set(
            headers,
            VISIT_COOKIE,
            visit.expose(),
            VISIT_LIFETIME,
            secure,
        );
    }
    if had_flash && is_page {
        cookie::set(headers, FLASH_COOKIE, "", Duration::ZERO, secure);
    }
    response
}

/// What the request itself says; who it is comes later.
fn seen(web: &Web, request: &Request, secure: bool) -> (Facts, Option<Secret>) {
    let headers = request.headers();
    let secret = |plain| cookie::read(headers, &cookie::name(plain, secure)).map(Secret::new);
    let token = secret(SESSION_COOKIE);
    let here = request.uri().path_and_query();
    let facts = Facts {
        session: None,
        had_cookie: token.is_some(),
        visit: secret(VISIT_COOKIE),
        begun: None,
        flash: Flash::read(headers, secure),
        browser: browser(request, &web.app().boot.trusted_proxies),
        here: here.map_or("/", |path| path.as_str()).to_owned(),
        secure,
    };
    (facts, token)
}

/// Gives the browser the token of a sign-in.
pub(crate) fn remember(token: &Secret, headers: &mut HeaderMap, secure: bool) {
    cookie::set(
        headers,
        SESSION_COOKIE,
        token.expose(),
        SESSION_LIFETIME,
        secure,
    );
}

/// Takes the token away again.
pub(crate) fn forget(headers: &mut HeaderMap, secure: bool) {
    cookie::set(headers, SESSION_COOKIE, "", Duration::ZERO, secure);
}

/// Leaves a notice for the next page.
pub(crate) fn leave(flash: &Flash, headers: &mut HeaderMap, secure: bool) {
    cookie::set(
        headers,
        FLASH_COOKIE,
        &flash.encode(),
        FLASH_LIFETIME,
        secure,
    );
}

/// 256 random bits as text.
fn random_token() -> Secret {
    Secret::new(data_encoding::BASE64URL_NOPAD.encode(&rand::random::<[u8; 32]>()))
}

fn has_signed_out_form(request: &Request) -> bool {
    let path = request.uri().path();
    request.method() == Method::GET
        && (path.starts_with("/admin/sign-in") || path.starts_with("/setup"))
}

fn browser(request: &Request, trusted: &[IpNet]) -> Browser {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
        peer.0.ip().to_canonical()
    });
    let user_agent = request.headers().get(header::USER_AGENT);
    Browser {
        ip: client(peer, request.headers(), trusted),
        user_agent: user_agent
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The client behind trusted proxies: the last address of `X-Forwarded-For` that is not one of them.
/// What a stranger writes into that header is not believed.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_proxy = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
    let forwarded = headers.get_all("x-forwarded-for");
    let lines: Vec<&str> = forwarded
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    let mut client = peer;
    for hop in lines.join(",").rsplit(',') {
        if !is_proxy(&client) {
            break;
        }
        let Ok(ip) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = ip.to_canonical();
    }
    client
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    !response.status().is_redirection()
        && kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-for",
            "1.2.3.4, 203.0.113.9, 10.0.0.7".parse().unwrap(),
        );
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();

        assert_eq!(
            client(ip("10.0.0.1"), &headers, &trusted),
            ip("203.0.113.9")
        );
        assert_eq!(
            client(ip("198.51.100.1"), &headers, &trusted),
            ip("198.51.100.1")
        );
        assert_eq!(
            client(ip("10.0.0.1"), &HeaderMap::new(), &trusted),
            ip("10.0.0.1")
        );
    }
}
