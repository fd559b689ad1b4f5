//! The browser door, in the test's own process: every answer as a browser gets it.

mod accounts;
mod customers;
mod doors;
mod folders;
mod import;
mod jobs;
mod live;
mod network;
mod records;
mod roles;
mod setup;
mod sign_in;
mod storage;
mod traffic;
mod transfers;
