//! A form with a file in it (RFC 7578). What is too large is read to its end and dropped, so that the
//! browser shows a page that says so instead of a broken connection.

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::auth::Submitted;
use super::csrf;
use super::error::PageError;
use super::form::Form;
use super::state::Web;
use super::visitor::Visitor;

/// A form that was sent from a page of ours by this very visitor, and the file in it. A form without
/// one may be sent like any other.
#[derive(Debug)]
pub(crate) struct SubmittedFile {
    /// Every other field; of repeated ones the last.
    pub(crate) form: Form,
    /// The file.
    pub(crate) file: Sent,
}

/// What was sent as the file.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Sent {
    /// None was chosen.
    Nothing,
    /// A file of this name, within the bounds.
    File {
        /// As the browser tells it.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// It is larger than [`SubmittedFile::LARGEST_BYTES`].
    TooLarge,
}

impl SubmittedFile {
    /// Most bytes of a file.
    pub(crate) const LARGEST_BYTES: usize = 8 * 1_048_576;
    /// Most bytes of any other field; what is behind them is dropped.
    pub(crate) const LARGEST_FIELD_BYTES: usize = 1_048_576 + 1;
    /// Most bytes of a request that is read to its end.
    pub(crate) const BODY_LIMIT_BYTES: usize = 5 * Self::LARGEST_BYTES;
}

impl FromRequest<Web> for SubmittedFile {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        if !is_multipart(request.headers()) {
            let Submitted(form) = Submitted::from_request(request, web).await?;
            let file = Sent::Nothing;
            return Ok(Self { form, file });
        }
        let visitor = request.extensions().get::<Visitor>().cloned();
        let is_own = |token: &str| {
            let visitor = visitor.as_ref();
            visitor.is_some_and(|visitor| visitor.sent_own_form(token))
        };
        let parts = Multipart::from_request(request, web).await;
        let parts = parts.map_err(IntoResponse::into_response)?;
        let received = tokio::time::timeout(Submitted::WITHIN, receive(parts, &is_own)).await;
        let received = received.map_err(|_| StatusCode::REQUEST_TIMEOUT.into_response())?;
        let mut sent = received?;
        if !is_own(sent.form.value(csrf::FIELD)) {
            return Err(PageError::StaleForm.into_response());
        }
        sent.form.forget(csrf::FIELD);
        Ok(sent)
    }
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"))
}

/// Reads all parts. A file is kept only behind the token of whoever may send it.
async fn receive(
    mut parts: Multipart,
    is_own: &impl Fn(&str) -> bool,
) -> Result<SubmittedFile, Response> {
    let mut form = Form::new();
    let mut file = Sent::Nothing;
    let mut fields = 0;
    while let Some(part) = parts.next_field().await.map_err(refused)? {
        fields += 1;
        if fields > Form::FIELDS_MAX {
            return Err(PageError::Unreadable.into_response());
        }
        let name = part.name().unwrap_or_default().to_owned();
        let Some(file_name) = part.file_name().map(str::to_owned) else {
            let (bytes, _) = read(part, SubmittedFile::LARGEST_FIELD_BYTES).await?;
            let text = String::from_utf8(bytes);
            let text = text.map_err(|_| PageError::Unreadable.into_response())?;
            form.set(&name, text);
            continue;
        };
        let limit = if is_own(form.value(csrf::FIELD)) {
            SubmittedFile::LARGEST_BYTES
        } else {
            0
        };
        let (bytes, is_whole) = read(part, limit).await?;
        // A browser sends a file without a name and without a byte if none was chosen.
        file = match is_whole {
            false => Sent::TooLarge,
            true if bytes.is_empty() && file_name.is_empty() => Sent::Nothing,
            true => Sent::File {
                name: file_name,
                bytes,
            },
        };
    }
    Ok(SubmittedFile { form, file })
}

/// Reads a part to its end; what it holds up to `limit`, and whether that is all of it.
async fn read(mut part: Field<'_>, limit: usize) -> Result<(Vec<u8>, bool), Response> {
    let mut bytes = Vec::new();
    let mut is_whole = true;
    while let Some(chunk) = part.chunk().await.map_err(refused)? {
        let room = limit.saturating_sub(bytes.len());
        is_whole &= chunk.len() <= room;
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
    }
    Ok((bytes, is_whole))
}

fn refused(error: MultipartError) -> Response {
    error.into_response()
}
