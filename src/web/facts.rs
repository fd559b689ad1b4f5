//! The few settings and start-up facts that pages need, read in one place.

use crate::app::App;

/// The host name that FTP clients are given, or that there is none yet.
pub(crate) fn host(app: &App) -> String {
    let name = app.settings.current().host_name.clone();
    if name.is_empty() {
        "No host name yet".to_owned()
    } else {
        name
    }
}

/// The address of the pages as browsers see it, without a path; empty if it is not configured.
pub(crate) fn origin(app: &App) -> String {
    let url = app.boot.web_url.as_deref().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty() {
        String::new()
    } else {
        format!("{scheme}://{authority}")
    }
}

/// Sessions that may exist at once.
pub(crate) fn session_limit(app: &App) -> u64 {
    u64::from(app.settings.current().max_sessions)
}
