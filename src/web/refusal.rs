//! The page that a refused or failed request gets, in the frame of whoever asks.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::ResponseForPanic;

use super::auth::Admin;
use super::error::{PageError, Refusal};
use super::facts;
use super::layout::{Layout, SignedOutLayout};
use super::state::Web;
use super::visitor::Visitor;

#[derive(Template, WebTemplate)]
#[template(path = "refusal.html")]
struct RefusalPage {
    layout: Layout,
    refusal: Refusal,
}

#[derive(Template, WebTemplate)]
#[template(path = "refusal_signed_out.html")]
struct SignedOutRefusalPage {
    layout: SignedOutLayout,
    refusal: Refusal,
}

/// Puts a page around every refusal, whoever made it: a handler, an extractor or the router.
pub(crate) async fn pages(State(web): State<Web>, request: Request, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>().cloned();
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_html(response.headers()) {
        return response;
    }
    let refusal = response.extensions().get::<Refusal>().cloned();
    let refusal = refusal.unwrap_or_else(|| Refusal::of_status(status));
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut page = visitor.map_or_else(
        || status.into_response(),
        |visitor| page(&web, &visitor, refusal),
    );
    if let Some(allow) = allow {
        page.headers_mut().insert(header::ALLOW, allow);
    }
    page
}

/// A panic of a handler becomes a page with a reference, like every other failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PanicPage;

impl ResponseForPanic for PanicPage {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, cause: Box<dyn std::any::Any + Send>) -> Response {
        let text = cause
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| cause.downcast_ref::<&str>().copied())
            .unwrap_or("a panic without a text");
        PageError::Broken(text.to_owned()).into_response()
    }
}

fn page(web: &Web, visitor: &Visitor, refusal: Refusal) -> Response {
    let status: StatusCode = refusal.status;
    let title = refusal.title.clone();
    if let Some(admin) = Admin::of(visitor, web) {
        let layout = admin.layout(title);
        return (status, RefusalPage { layout, refusal }).into_response();
    }
    let layout = SignedOutLayout::new(visitor, &title, facts::host(web.app()));
    (status, SignedOutRefusalPage { layout, refusal }).into_response()
}

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// A failure, signed in and not.
#[cfg(test)]
pub(in crate::web) fn samples() -> Vec<(&'static str, String)> {
    let failed = || {
        Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR).with_reference("7f3a-19c2".to_owned())
    };
    let missing = Refusal::of_status(StatusCode::NOT_FOUND);
    let layout = |refusal: &Refusal| Layout::sample(&refusal.title, "/admin/nowhere");
    let signed_out = SignedOutLayout::sample(&failed().title);
    vec![
        (
            "error-500",
            RefusalPage {
                layout: layout(&failed()),
                refusal: failed(),
            }
            .to_string(),
        ),
        (
            "error-404",
            RefusalPage {
                layout: layout(&missing),
                refusal: missing,
            }
            .to_string(),
        ),
        (
            "error-signed-out",
            SignedOutRefusalPage {
                layout: signed_out,
                refusal: failed(),
            }
            .to_string(),
        ),
    ]
}
