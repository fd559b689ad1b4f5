//! Administrators and their sign-ins in a browser.

mod details;
mod error;
mod service;
mod sign_in;

pub use details::{Browser, FreshSignIn, NewAdmin};
pub use error::AdminError;
pub use service::{Admins, acting};
