//! What may be configured, and what is in force. Start-up facts ([`Boot`]) come from the command
//! line and the environment and hold until the process ends; everything else ([`Settings`]) is a
//! row in [`table`], lives in the database and takes effect while the service runs.

pub mod arguments;
pub mod boot;
mod environment;
mod listen;
pub mod live;
pub mod table;
pub mod value;

pub use arguments::{BootArgs, LogFormat};
pub use boot::Boot;
pub use environment::BootError;
pub use live::{FieldError, LiveOptions, LiveSettings, SettingsError};
pub use table::{ROWS, SettingRow, Settings, SettingsPage};
pub use value::{Days, PeerCheck, SettingKind, TlsPolicy};
