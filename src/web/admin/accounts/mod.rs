//! `/admin/accounts`: the logins of customers.

mod connect;
mod create;
mod created;
mod danger;
mod delete;
mod edit;
mod folders;
mod import;
mod import_file;
mod list;
mod password;
mod show;

use axum::Router;

use crate::web::state::Web;

/// The pages about accounts.
pub(crate) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(create::routes())
        .merge(import::routes())
        .merge(import_file::routes())
        .merge(show::routes())
        .merge(edit::routes())
        .merge(folders::routes())
        .merge(connect::routes())
        .merge(password::routes())
        .merge(danger::routes())
        .merge(delete::routes())
}

/// The pages with made-up values.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String)> {
    [
        connect::samples(),
        create::samples(),
        created::samples(),
        danger::samples(),
        delete::samples(),
        edit::samples(),
        folders::samples(),
        import::samples(),
        import_file::samples(),
        list::samples(),
        password::samples(),
        show::samples(),
    ]
    .concat()
}
