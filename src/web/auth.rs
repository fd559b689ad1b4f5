//! Who is signed in, and what they may do. Every page of the administration takes an [`Admin`].

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::error::PageError;
use super::flash::Flash;
use super::form::Form;
use super::layout::{Counts, Layout, SignedOutLayout, Surroundings};
use super::state::Web;
use super::table::Address;
use super::visitor::{Visitor, leave};
use super::{csrf, facts};
use crate::model::{Actor, Right, SignedIn};

/// Somebody who is signed in.
///
/// As an extractor it sends everybody else to the sign-in page, which leads back.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    /// Who acts; every change takes it.
    pub(crate) actor: Actor,
    visitor: Visitor,
    session: SignedIn,
    web: Web,
}

impl Admin {
    /// Refuses whoever's role does not include `right`.
    ///
    /// # Errors
    ///
    /// [`PageError::Forbidden`], a 403 page that names the role that is needed.
    pub(crate) fn require(&self, right: Right) -> Result<(), PageError> {
        if self.may(right) {
            Ok(())
        } else {
            Err(PageError::Forbidden(right))
        }
    }

    /// Whether the role includes `right`: a control that may not be used is not shown.
    pub(crate) fn may(&self, right: Right) -> bool {
        self.actor.may(right)
    }

    /// The frame of the page `title`.
    pub(crate) fn layout(&self, title: impl Into<String>) -> Layout {
        let app = self.web.app();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let around = Surroundings {
            host: facts::host(app),
            counts: Counts {
                sessions: number(app.sessions.count()),
                accounts: number(app.ledger.accounts()),
            },
            now: app.clock.now(),
        };
        Layout::new(&self.visitor, &self.session, around).titled(title)
    }

    /// The frame of a step of the first run, which has no navigation.
    pub(crate) fn wizard(&self, title: &str) -> SignedOutLayout {
        SignedOutLayout::new(&self.visitor, title, facts::host(self.web.app()))
    }

    /// Leads to another page after a form was accepted, with a toast there.
    pub(crate) fn see_other(&self, to: &str, notice: impl Into<Flash>) -> Response {
        let mut response = Redirect::to(to).into_response();
        leave(
            &notice.into(),
            response.headers_mut(),
            self.visitor.is_secure(),
        );
        response
    }

    /// Who asks and from where.
    pub(crate) fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The sign-in.
    pub(crate) fn session(&self) -> &SignedIn {
        &self.session
    }

    /// The sign-in of `visitor`, if there is one.
    pub(crate) fn of(visitor: &Visitor, web: &Web) -> Option<Self> {
        let session = visitor.session()?.clone();
        let actor = Actor {
            admin_id: Some(session.admin.id),
            name: session.admin.name.clone(),
            role: session.admin.role,
            ip: Some(visitor.browser().ip),
        };
        Some(Self {
            actor,
            visitor: visitor.clone(),
            session,
            web: web.clone(),
        })
    }
}

impl FromRequestParts<Web> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, web).await?;
        Self::of(&visitor, web).ok_or_else(|| send_to_sign_in(&visitor, &parts.headers))
    }
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _web: &Web) -> Result<Self, Response> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| PageError::Broken("nobody was recognised".to_owned()).into_response())
    }
}

/// Somebody who is not signed in, or does not have to be.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    /// Who asks and from where.
    pub(crate) visitor: Visitor,
    host: String,
}

impl Guest {
    /// The frame of the page `title`.
    pub(crate) fn layout(&self, title: &str) -> SignedOutLayout {
        SignedOutLayout::new(&self.visitor, title, self.host.clone())
    }
}

impl FromRequestParts<Web> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, web).await?;
        Ok(Self {
            visitor,
            host: facts::host(web.app()),
        })
    }
}

/// A form that was sent from a page of ours by this very visitor.
#[derive(Debug)]
pub(crate) struct Submitted(pub(crate) Form);

impl Submitted {
    /// Longest time for a form to arrive; less than an answer may take, so that it is told apart.
    pub(super) const WITHIN: Duration = Duration::from_secs(20);
}

impl FromRequest<Web> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, _web: &Web) -> Result<Self, Response> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let mut form = receive(request, Self::WITHIN).await?;
        let is_own = visitor.is_some_and(|visitor| visitor.sent_own_form(form.value(csrf::FIELD)));
        if !is_own {
            return Err(PageError::StaleForm.into_response());
        }
        form.forget(csrf::FIELD);
        Ok(Self(form))
    }
}

/// The form that a request carries, if all of it arrives in time.
async fn receive(request: Request, within: Duration) -> Result<Form, Response> {
    let form = axum::extract::Form::<Form>::from_request(request, &());
    match tokio::time::timeout(within, form).await {
        Ok(Ok(axum::extract::Form(form))) => Ok(form),
        Ok(Err(rejection)) => Err(rejection.into_response()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into_response()),
    }
}

/// To the sign-in page and back. An event stream gets an end instead: it cannot be redirected.
fn send_to_sign_in(visitor: &Visitor, headers: &HeaderMap) -> Response {
    let accepts = headers
        .get(header::ACCEPT)
        .map_or(&b""[..], |value| value.as_bytes());
    if accepts.starts_with(b"text/event-stream") {
        return StatusCode::NO_CONTENT.into_response();
    }
    let next = if visitor.here() == "/admin" {
        ""
    } else {
        visitor.here()
    };
    let ended = if visitor.was_signed_out() { "yes" } else { "" };
    let to = Address::new("/admin/sign-in")
        .with("next", next)
        .with("ended", ended);
    Redirect::to(&to.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn a_form_that_does_not_arrive_in_time_is_given_up() {
        let begun = stream::iter([Ok::<_, std::io::Error>("name=kes")]);
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from_stream(begun.chain(stream::pending())))
            .unwrap();

        let given_up = receive(request, Duration::from_millis(10)).await;

        let status = given_up.unwrap_err().status();
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    }
}
