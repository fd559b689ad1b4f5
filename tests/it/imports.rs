//! Accounts from files of other servers and of our own, and into files.

mod command_line;
mod many;
mod rules;
