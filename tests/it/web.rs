//! The browser door, in the test's own process: every answer as a browser gets it.

mod doors;
mod live;
mod roles;
mod setup;
mod sign_in;
