//! The FTP door.
