//! What comes over the wire before anything is known about its sender. Seven targets are fed with
//! bytes and with fragments of FTP, put together by chance: none of them panics, and each keeps what
//! it promises. By day some thousand cases each, at night ten million each.

mod dates;
mod endpoints;
mod facts;
mod feed;
mod globs;
mod grammar;
mod lines;
