//! The product from outside: real sockets, real clients, both databases.

mod support;

mod store;
