//! The rules of the service; knows neither sockets nor HTML.

pub mod connection_card;
pub mod firewall;
