//! The product from outside: real sockets, real clients, both databases.
