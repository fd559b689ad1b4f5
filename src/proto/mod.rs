//! FTP without I/O: lines, commands, replies and the rules of a session.
//!
//! Nothing here knows a socket, a clock, an account or a file. The `ftp` room reads bytes into a
//! [`LineBuffer`], turns each [`Line`] into a [`Command`], asks the [`Session`] whether it is
//! admitted now, acts, and encodes a [`Reply`].

pub mod argument;
pub mod ascii;
pub mod checksum;
pub mod command;
pub mod date;
mod digits;
pub mod endpoint;
pub mod facts;
pub mod glob;
pub mod help;
pub mod host;
pub mod line;
pub mod list_argument;
pub mod listing;
pub mod parameter;
pub mod policy;
mod refusal;
pub mod reply;
pub mod security;
pub mod session;
pub mod set_facts;
pub mod set_time;
pub mod site;
mod standing;

pub use argument::{LoginName, Pathname, SyntaxError, Text};
pub use ascii::{CrlfToLf, LfToCrlf};
pub use checksum::{Algorithm, ChecksumArgument, ChecksumReading};
pub use command::{Command, Refused, SPECS, Spec, Who};
pub use endpoint::{
    AddressFamily, EpsvArgument, ExtendedHostPort, HostPort, extended_passive_reply, passive_reply,
};
pub use facts::{Fact, Facts};
pub use glob::Glob;
pub use help::{Offer, features, help, site_help};
pub use host::HostArgument;
pub use line::{Line, LineBuffer, LineError};
pub use list_argument::{ListArgument, ListOptions, SortBy};
pub use listing::{EntryKind, ListEntry, list_line, mlsd_line, mlst_line, nlst_line};
pub use parameter::{Allocation, Language, OptsArgument, TransferType};
pub use policy::{AsciiMode, DataTlsPolicy, Policy, TlsPolicy};
pub use reply::{Code, Reply};
pub use security::{BufferSize, Mechanism, ProtectionLevel};
pub use session::{Phase, Session, quoted};
pub use set_facts::MffArgument;
pub use set_time::{MdtmArgument, MfmtArgument, SetTime};
pub use site::SiteCommand;
