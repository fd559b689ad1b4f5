//! Start-up facts: what must be known before the database is open. They come from the command line
//! and from `QUAYMASTER_…` variables, and hold until the process ends.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::live::LiveOptions;
use crate::model::{PortRange, PublicAddress, Secret};
use crate::store::DatabaseUrl;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The start-up facts as they are given; [`BootArgs::read`] checks them.
#[derive(Clone, Debug, clap::Args)]
pub struct BootArgs {}

/// The start-up facts.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Folder that holds files, certificates and, unless it is elsewhere, the database.
    pub data_dir: PathBuf,
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Where FTP clients connect (explicit TLS).
    pub ftp_listen: Vec<SocketAddr>,
    /// Where FTP clients connect with implicit TLS; empty for none.
    pub ftps_listen: Vec<SocketAddr>,
    /// Where browsers connect.
    pub web_listen: SocketAddr,
    /// Where metrics are read; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The address of the administration as browsers see it, if it is known; `https` makes cookies
    /// secure.
    pub web_url: Option<String>,
    /// Passive ports from the first start on.
    pub passive_ports: Option<PortRange>,
    /// Public address from the first start on.
    pub public_address: Option<PublicAddress>,
    /// The passive ports that the container publishes, as the operator says.
    pub published_ports: Option<PortRange>,
    /// Key that seals secrets in the database.
    pub instance_key: Option<Secret>,
    /// Code that the first-run page asks for.
    pub setup_code: Option<Secret>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Which log lines are written, for example `info` or `quaymaster=debug`.
    pub log_level: String,
}

/// Why the start-up facts cannot be used: one sentence for the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BootError(pub String);

impl BootArgs {
    /// Checks the facts, and the environment for variables that nobody reads.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in a sentence.
    pub fn read(self) -> Result<Boot, BootError> {
        todo!()
    }
}

impl Boot {
    /// The folder that holds the homes.
    pub fn files_dir(&self) -> PathBuf {
        self.data_dir.join("files")
    }

    /// The folder that holds certificate and key.
    pub fn tls_dir(&self) -> PathBuf {
        self.data_dir.join("tls")
    }

    /// Whether browsers reach the administration over HTTPS.
    pub fn secure_cookies(&self) -> bool {
        self.web_url
            .as_deref()
            .is_some_and(|url| url.starts_with("https://"))
    }

    /// What the live settings must fit to.
    pub fn live_options(&self) -> LiveOptions {
        todo!()
    }
}
