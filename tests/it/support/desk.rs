//! An administrator's desk: the pages of a running server over a real connection, with cookies and
//! forms as a browser sends them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::browser::{between, percent};
use super::form::form_of;
use super::ftp_client::PATIENCE;
use super::server::PASSWORD;

/// A browser in which an owner has signed in. It survives the server: its sign-in is stored there.
pub(crate) struct Desk {
    cookies: Vec<(String, String)>,
}

/// What a page answered.
struct Answer {
    status: u16,
    text: String,
}

impl Desk {
    /// Signs in at `web` with the password of every test.
    pub(crate) async fn sign_in(web: SocketAddr, email: &str) -> Self {
        let mut desk = Self {
            cookies: Vec::new(),
        };
        let page = desk.send(web, "GET /admin/sign-in", &[]).await;
        let page = page.expect("a page");
        let token = between(&page.text, "name=\"csrf\" value=\"", "\"");
        let fields = [
            ("csrf", token.expect("a token")),
            ("email", email),
            ("password", PASSWORD),
        ];
        let answer = desk.send(web, "POST /admin/sign-in", &fields).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 303, "{}", answer.text);
        desk
    }

    /// Opens the form of a page, types into some fields and saves it. `None` if the server is gone,
    /// with or without having saved it.
    pub(crate) async fn edit(
        &mut self,
        web: SocketAddr,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Option<()> {
        let page = self.send(web, &format!("GET {path}"), &[]).await?;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let token = between(&page.text, "name=\"csrf\" value=\"", "\"");
        let mut form = form_of(&page.text, path);
        form.set("csrf", token.expect("a token"));
        for (name, value) in fields {
            form.set(name, value);
        }
        let (post, fields) = (format!("POST {path}"), form.pairs());
        let answer = self.send(web, &post, &fields).await?;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        Some(())
    }

    async fn send(
        &mut self,
        web: SocketAddr,
        request: &str,
        fields: &[(&str, &str)],
    ) -> Option<Answer> {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
            .collect();
        let body = pairs.join("&");
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = format!(
            "{request} HTTP/1.1\r\nHost: {web}\r\nOrigin: http://{web}\r\nConnection: close\r\n\
             Cookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let exchange = async {
            let mut stream = TcpStream::connect(web).await.ok()?;
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.ok()?;
            String::from_utf8(answer).ok()
        };
        let answer = timeout(PATIENCE, exchange).await.expect("in time")?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        self.keep_cookies(head);
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let text = text.to_owned();
        Some(Answer { status, text })
    }

    fn keep_cookies(&mut self, head: &str) {
        for line in head.lines() {
            let Some((name, value)) = line.split_once(": ") else {
                continue;
            };
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let pair = value.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a name and a value");
            self.cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}
