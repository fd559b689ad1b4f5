//! Forms are ours: a token bound to the web session in every form, and the browser's own word on
//! where a request comes from.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::error::PageError;
use super::state::Web;
use crate::model::Secret;

/// The hidden field of every form that changes something.
pub(crate) const FIELD: &str = "csrf";

/// The form token of whoever holds `cookie`: an HMAC under the cookie's own secret, so it needs no
/// second secret, ends with the session and survives a restart of the service.
pub(crate) fn token(cookie: &Secret) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(cookie.expose().as_bytes()) else {
        return String::new();
    };
    mac.update(b"quaymaster form");
    data_encoding::BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
}

/// Whether two form tokens are the same, in constant time; an empty one never is.
pub(crate) fn same(expected: &str, sent: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(sent.as_bytes()))
}

/// Refuses a request that changes something unless the browser says that a page of ours sent it.
pub(crate) async fn same_origin(State(web): State<Web>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || comes_from_us(request.headers(), web.origin()) {
        return next.run(request).await;
    }
    PageError::ForeignForm.into_response()
}

fn comes_from_us(headers: &HeaderMap, own_origin: &str) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    if !own_origin.is_empty() && origin == own_origin {
        return true;
    }
    let authority = origin
        .split_once("://")
        .map_or("", |(_, authority)| authority);
    !authority.is_empty() && text(header::HOST) == Some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    header::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn a_token_belongs_to_one_session() {
        let mine = Secret::new("mine".to_owned());
        let other = Secret::new("other".to_owned());

        assert!(same(&token(&mine), &token(&mine)));
        assert!(!same(&token(&mine), &token(&other)));
        assert!(!same("", ""));
    }

    #[test]
    fn the_browsers_word_decides_where_a_request_comes_from() {
        for (pairs, ours) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (
                vec![("sec-fetch-site", "cross-site"), ("origin", "http://here")],
                false,
            ),
            (vec![("sec-fetch-site", "same-site")], false),
            (
                vec![("origin", "http://here:8080"), ("host", "here:8080")],
                true,
            ),
            (
                vec![("origin", "https://ftp.example"), ("host", "10.0.0.1")],
                true,
            ),
            (
                vec![("origin", "http://evil"), ("host", "here:8080")],
                false,
            ),
            (vec![("origin", "null"), ("host", "here:8080")], false),
            (vec![("host", "here:8080")], false),
        ] {
            assert_eq!(
                comes_from_us(&headers(&pairs), "https://ftp.example"),
                ours,
                "{pairs:?}"
            );
        }
    }
}
