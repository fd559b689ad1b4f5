//! The embedded static files, served under names that hold a hash of their content.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The addresses of the files that every page names.
#[derive(Debug)]
pub(crate) struct AssetUrls {
    /// The stylesheet.
    pub(crate) css: String,
    /// The script.
    pub(crate) js: String,
    /// The icon of the browser tab.
    pub(crate) icon: String,
}

/// The addresses, computed once: a new build has new names.
pub(crate) static URLS: LazyLock<AssetUrls> = LazyLock::new(|| AssetUrls {
    css: url("app.css"),
    js: url("app.js"),
    icon: url("favicon.svg"),
});

/// `/assets/{name}.{hash}.{extension}`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Response {
    // The hash only names the version. An old one answers too, so that a page that was open during an
    // upgrade keeps its looks.
    let Some((plain, _)) = unhashed(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(file) = Files::get(&plain) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}\"", hash(&file));
    let body = match file.data {
        Cow::Borrowed(bytes) => bytes.into_response(),
        Cow::Owned(bytes) => bytes.into_response(),
    };
    let mut response = body;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type(&plain)));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}

fn url(name: &str) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let hash = Files::get(name).map(|file| hash(&file)).unwrap_or_default();
    format!("/assets/{stem}.{hash}.{extension}")
}

/// Splits `app.4f9ac107.css` into `app.css` and the hash.
fn unhashed(name: &str) -> Option<(String, &str)> {
    let (rest, extension) = name.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    Some((format!("{stem}.{extension}"), hash))
}

fn hash(file: &rust_embed::EmbeddedFile) -> String {
    let digest = file.metadata.sha256_hash();
    data_encoding::HEXLOWER.encode(digest.get(..4).unwrap_or_default())
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_the_hash_of_the_content() {
        let (plain, hash) = unhashed(URLS.css.trim_start_matches("/assets/")).unwrap();

        assert_eq!(plain, "app.css");
        assert_eq!(hash.len(), 8);
    }

    #[test]
    fn style_and_script_stay_within_their_budget() {
        let bytes: usize = ["app.css", "app.js"]
            .iter()
            .map(|name| Files::get(name).unwrap().data.len())
            .sum();

        assert!(bytes < 60 * 1_024, "{bytes} bytes");
    }

    #[test]
    fn nothing_in_the_stylesheet_needs_another_request() {
        let css = Files::get("app.css").unwrap();
        let text = String::from_utf8(css.data.into_owned()).unwrap();

        assert!(!text.replace("/* No url()", "").contains("url(\""));
    }
}
