//! Sockets below FTP: passive ports, active connections, TLS.
