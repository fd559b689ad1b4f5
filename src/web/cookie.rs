//! Cookies: read from a request, and set so that no other site and no script can use them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// The name of a cookie. Over HTTPS it begins with `__Host-`, which makes browsers insist on
/// `Secure`, `Path=/` and no domain.
pub(crate) fn name(plain: &str, secure: bool) -> String {
    if secure {
        format!("__Host-{plain}")
    } else {
        plain.to_owned()
    }
}

/// The value of the cookie `name`.
pub(crate) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Sets a cookie in a response for `lifetime`; zero removes it.
pub(crate) fn set(
    headers: &mut HeaderMap,
    plain: &str,
    value: &str,
    lifetime: Duration,
    secure: bool,
) {
    let name = name(plain, secure);
    let seconds = lifetime.as_secs();
    let secure = if secure { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    if let Ok(line) = HeaderValue::from_str(&line) {
        headers.append(header::SET_COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_over_https_is_bound_to_the_host() {
        let mut headers = HeaderMap::new();

        set(&mut headers, "sid", "x", Duration::from_mins(1), true);

        assert_eq!(
            headers["set-cookie"],
            "__Host-sid=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static("xsid=1; sid=2; b=3"));

        assert_eq!(read(&headers, "sid").as_deref(), Some("2"));
        assert_eq!(read(&headers, "id"), None);
    }
}
