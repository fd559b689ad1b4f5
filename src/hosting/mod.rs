//! The rules of the service: who may log in, how much fits, who changed what. Knows neither sockets
//! nor HTML; the doors ask here.

pub mod accounts;
pub mod admins;
pub mod attempts;
pub mod audit;
pub mod connection_card;
pub mod csv;
pub mod customers;
pub mod demonstration;
mod ended;
pub mod firewall;
pub mod foundation;
mod hashers;
pub mod health;
pub mod imports;
pub mod jobs;
pub mod journal;
pub mod journal_export;
mod last_logins;
mod limit_words;
pub mod limits;
pub mod login;
pub mod network;
pub mod passwords;
pub mod plans;
pub mod quota;
pub mod rates;
mod renewal;
pub mod revocation;
mod roll;
pub mod sessions;
pub mod setup;
pub mod standing;
pub mod stored_password;
mod throttle;
pub mod trash;
pub mod volumes;
