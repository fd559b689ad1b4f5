//! The room's tests over real sockets on the loopback networks.

mod certificate;
mod passive;
mod streams;
mod support;
mod tls;
