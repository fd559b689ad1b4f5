//! The FTP door: dialogues on real sockets. The doc comment of a test names the assertions of the
//! engine's checklist that it covers.

mod abort;
mod access;
mod checksum;
mod control;
mod crowd;
mod data;
mod directory;
mod download;
mod exits;
mod facts;
mod handshakes;
mod host;
mod imported_passwords;
mod journal;
mod listing;
mod login;
mod mounted;
mod options;
mod orders;
mod outbound;
mod parameters;
mod place;
mod quota;
mod rates;
mod rivals;
mod rules;
mod rust_client;
mod security;
mod site;
mod system;
mod tls;
mod transcripts;
mod trouble;
mod upload;
mod upload_checksum;
