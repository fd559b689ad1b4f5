//! A browser without a window: talks to the pages in the test's own process, keeps cookies, and
//! sends forms as a page of ours would.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::{Router, response::Response};
use futures_util::StreamExt;
use quaymaster::app::{App, Housekeeping};
use quaymaster::clock::TestClock;
use quaymaster::hosting::accounts::{AccountSettings, NewAccount};
use quaymaster::hosting::admins::NewAdmin;
use quaymaster::hosting::customers::CustomerSettings;
use quaymaster::model::{Account, Actor, Customer, Override, PoolTraffic, Role, Secret};
use quaymaster::settings::{Boot, LogFormat};
use quaymaster::store::DatabaseUrl;
use tempfile::TempDir;
use tower::ServiceExt;

use super::samples::MADE;
use super::server::free_range;

/// The password of every administrator that a test makes.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// The code of the first run.
pub(crate) const SETUP_CODE: &str = "4T7K9QWD";

/// The services and pages of a server without any listener.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) clock: TestClock,
    pages: Router,
    keep: Housekeeping,
    _folder: TempDir,
}

/// One browser with its cookies.
pub(crate) struct Browser {
    pages: Router,
    cookies: Vec<(String, String)>,
    token: String,
    address: [u8; 4],
}

/// What a browser got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl House {
    /// A house in its first run.
    pub(crate) async fn open() -> Self {
        Self::open_at(None).await
    }

    /// The same, reached by browsers at `web_url`.
    pub(crate) async fn open_at(web_url: Option<&str>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let clock = TestClock::at(MADE);
        let keep = Housekeeping::default();
        let boot = boot(&folder, web_url);
        let app = App::open(boot, Arc::new(clock.clone()), &keep)
            .await
            .expect("an open house");
        let pages = quaymaster::web::router(app.clone());
        Self {
            app,
            clock,
            pages,
            keep,
            _folder: folder,
        }
    }

    /// A browser that has not been here.
    pub(crate) fn browser(&self) -> Browser {
        self.browser_at([127, 0, 0, 1])
    }

    /// The same at another address.
    pub(crate) fn browser_at(&self, address: [u8; 4]) -> Browser {
        Browser {
            pages: self.pages.clone(),
            cookies: Vec::new(),
            token: String::new(),
            address,
        }
    }

    /// A browser in which an administrator with this role has signed in.
    pub(crate) async fn signed_in(&self, role: Role) -> Browser {
        let email = format!("{}@example.net", role.as_str());
        let new = NewAdmin {
            name: format!("Ada {}", role.label()),
            email: email.clone(),
            password: Secret::new(PASSWORD.to_owned()),
            role,
        };
        self.app
            .admins
            .create(&Actor::system(), new)
            .await
            .expect("an administrator");
        if role != Role::Owner {
            self.owner().await;
        }
        let mut browser = self.browser();
        browser.sign_in(&email, PASSWORD).await;
        browser
    }

    /// The customer `name` on the first plan, made if it is not there.
    pub(crate) async fn customer(&self, name: &str) -> Customer {
        if let Some(found) = self.app.customers.by_name(name).await.unwrap() {
            return found;
        }
        let plan = self.app.plans.all().await.unwrap().remove(0).plan;
        let settings = CustomerSettings {
            name: name.to_owned(),
            contact_email: String::new(),
            plan_id: plan.id,
            pool_bytes: Override::Inherit,
            pool_files: Override::Inherit,
            max_accounts: Override::Inherit,
            traffic: PoolTraffic::default(),
            notes: String::new(),
        };
        let system = Actor::system();
        let made = self.app.customers.create(&system, settings);
        made.await.unwrap()
    }

    /// A new account of the customer Kestrel.
    pub(crate) async fn account(&self, name: &str) -> Account {
        let new = NewAccount {
            username: name.parse().unwrap(),
            customer_id: self.customer("Kestrel").await.id,
            password: Secret::new(PASSWORD.to_owned()),
            volume_id: None,
            settings: AccountSettings::default(),
        };
        let system = Actor::system();
        let made = self.app.accounts.create(&system, new);
        made.await.unwrap()
    }

    /// An owner, so that the first run is over.
    async fn owner(&self) {
        let new = NewAdmin {
            name: "Olga Owner".to_owned(),
            email: "olga@example.net".to_owned(),
            password: Secret::new(PASSWORD.to_owned()),
            role: Role::Owner,
        };
        self.app
            .admins
            .create(&Actor::system(), new)
            .await
            .expect("an owner");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.keep.stop.cancel();
        self.keep.stop_last.cancel();
    }
}

impl Browser {
    /// Signs in through the page.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.get("/admin/sign-in").await;
        self.post(
            "/admin/sign-in",
            &[("email", email), ("password", password)],
        )
        .await
    }

    /// Opens a page and remembers its form token.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let answer = self.send(Request::get(path), Body::empty()).await;
        if let Some(token) = between(&answer.text, "name=\"csrf\" value=\"", "\"") {
            token.clone_into(&mut self.token);
        }
        answer
    }

    /// Sends a form of the page that was opened last.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let fields: Vec<_> = [("csrf", token.as_str())]
            .iter()
            .chain(fields)
            .copied()
            .collect();
        self.post_without_token(path, &fields).await
    }

    /// Sends a form of the page that was opened last, with a file in its field `file`.
    pub(crate) async fn post_file(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (name, bytes): (&str, &[u8]),
    ) -> Answer {
        const BOUNDARY: &str = "----quay";
        let token = self.token.clone();
        let token = [("csrf", token.as_str())];
        let mut body = Vec::new();
        for (field, value) in token.iter().chain(fields) {
            let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"");
            body.extend_from_slice(format!("{head}\r\n\r\n{value}\r\n").as_bytes());
        }
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, kind);
        self.send(request, Body::from(body)).await
    }

    /// Sends a form with exactly these fields.
    pub(crate) async fn post_without_token(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let request = Request::post(path).header("sec-fetch-site", "same-origin");
        self.send_form(request, fields).await
    }

    /// Sends a form as a page of another site would.
    pub(crate) async fn post_from_elsewhere(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let request = Request::post(path)
            .header("sec-fetch-site", "cross-site")
            .header(header::ORIGIN, "https://evil.example");
        let token = self.token.clone();
        let fields: Vec<_> = [("csrf", token.as_str())]
            .iter()
            .chain(fields)
            .copied()
            .collect();
        self.send_form(request, &fields).await
    }

    /// Opens an event stream and reads until `enough` says so.
    pub(crate) async fn listen(&mut self, path: &str, enough: impl Fn(&str) -> bool) -> String {
        let request = Request::get(path).header(header::ACCEPT, "text/event-stream");
        let response = self.exchange(request, Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/event-stream"
        );
        let mut stream = response.into_body().into_data_stream();
        let mut text = String::new();
        while !enough(&text) {
            let chunk: Bytes = stream.next().await.expect("more events").expect("no error");
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text
    }

    /// Asks for an event stream and tells how that ended.
    pub(crate) async fn get_stream(&mut self, path: &str) -> StatusCode {
        let request = Request::get(path).header(header::ACCEPT, "text/event-stream");
        self.exchange(request, Body::empty()).await.status()
    }

    /// Forgets the cookie `name`.
    pub(crate) fn forget(&mut self, name: &str) {
        self.cookies.retain(|(known, _)| known != name);
    }

    /// Whether a cookie is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.cookies.iter().any(|(known, _)| known == name)
    }

    async fn send_form(&mut self, request: Builder, fields: &[(&str, &str)]) -> Answer {
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", percent(value)))
            .collect();
        self.send(request, Body::from(pairs.join("&"))).await
    }

    async fn send(&mut self, request: Builder, body: Body) -> Answer {
        let response = self.exchange(request, body).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn exchange(&mut self, request: Builder, body: Body) -> Response {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let peer = ConnectInfo::<SocketAddr>((self.address, 50_000).into());
        let request = request
            .header(header::COOKIE, cookies.join("; "))
            .extension(peer)
            .body(body)
            .expect("a request");
        assert!(matches!(*request.method(), Method::GET | Method::POST));
        let response = self
            .pages
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        for line in response.headers().get_all(header::SET_COOKIE) {
            self.keep(line.to_str().expect("a cookie"));
        }
        response
    }

    fn keep(&mut self, line: &str) {
        let pair = line.split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').expect("a name and a value");
        self.forget(name);
        if !line.contains("Max-Age=0") {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

impl Answer {
    /// Where the answer leads.
    pub(crate) fn location(&self) -> &str {
        self.headers[header::LOCATION].to_str().expect("a location")
    }
}

/// The text between two others.
pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// A text as forms send it.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn boot(folder: &TempDir, web_url: Option<&str>) -> Boot {
    std::fs::create_dir_all(folder.path().join("files")).expect("a folder for homes");
    Boot {
        data_dir: folder.path().to_owned(),
        database_url: DatabaseUrl::sqlite(&folder.path().join("db.sqlite")),
        ftp_listen: vec![([127, 0, 0, 1], 0).into()],
        ftps_listen: Vec::new(),
        web_listen: ([127, 0, 0, 1], 0).into(),
        metrics_listen: None,
        web_url: web_url.map(str::to_owned),
        passive_ports: Some(free_range(1)),
        public_address: None,
        public_port: None,
        published_ports: None,
        instance_key: None,
        setup_code: Some(Secret::new(SETUP_CODE.to_owned())),
        trusted_proxies: Vec::new(),
        log_format: LogFormat::Text,
        log_level: "info".to_owned(),
    }
}
