//! The start-up facts as they are typed: one flag and one variable each, with its help text.

use std::path::PathBuf;

use crate::model::Secret;

/// The start-up facts as they are given; [`BootArgs::read`] checks them. An empty text counts as
/// not given, since compose files pass on variables that nobody has set.
#[derive(Clone, Debug, clap::Args)]
pub struct BootArgs {
    /// Folder for files, certificates and, unless it is elsewhere, the database
    #[arg(
        long,
        env = "QUAYMASTER_DATA_DIR",
        global = true,
        default_value = "./data",
        value_name = "FOLDER"
    )]
    pub(super) data_dir: PathBuf,

    /// Database: `sqlite:path` or `postgres://user:password@host/name` [default: a file in the
    /// data folder]
    #[arg(
        long,
        env = "QUAYMASTER_DATABASE_URL",
        global = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    #[arg(value_parser = secret)]
    pub(super) database_url: Option<Secret>,

    /// File that holds the database URL
    #[arg(
        long,
        env = "QUAYMASTER_DATABASE_URL_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(super) database_url_file: Option<PathBuf>,

    /// Addresses for FTP with explicit TLS, separated by commas
    #[arg(
        long,
        env = "QUAYMASTER_FTP_LISTEN",
        global = true,
        default_value = "0.0.0.0:2121"
    )]
    #[arg(value_name = "ADDRESSES")]
    pub(super) ftp_listen: String,

    /// Addresses for FTP with implicit TLS, separated by commas, or off
    #[arg(
        long,
        env = "QUAYMASTER_FTPS_LISTEN",
        global = true,
        default_value = "0.0.0.0:2990"
    )]
    #[arg(value_name = "ADDRESSES")]
    pub(super) ftps_listen: String,

    /// Address for the web administration
    #[arg(
        long,
        env = "QUAYMASTER_WEB_LISTEN",
        global = true,
        default_value = "0.0.0.0:8080"
    )]
    #[arg(value_name = "ADDRESS")]
    pub(super) web_listen: String,

    /// Address for metrics, or off
    #[arg(
        long,
        env = "QUAYMASTER_METRICS_LISTEN",
        global = true,
        default_value = "127.0.0.1:9090"
    )]
    #[arg(value_name = "ADDRESS")]
    pub(super) metrics_listen: String,

    /// Address of the web administration as browsers see it; https makes its cookies secure
    #[arg(long, env = "QUAYMASTER_WEB_URL", global = true, value_name = "URL")]
    pub(super) web_url: Option<String>,

    /// Passive ports at the first start, for example 30000-30019; later they are a setting
    #[arg(
        long,
        env = "QUAYMASTER_PASSIVE_PORTS",
        global = true,
        value_name = "FIRST-LAST"
    )]
    pub(super) passive_ports: Option<String>,

    /// Public IPv4 address or name at the first start; later it is a setting
    #[arg(
        long,
        env = "QUAYMASTER_PUBLIC_ADDRESS",
        global = true,
        value_name = "ADDRESS"
    )]
    pub(super) public_address: Option<String>,

    /// FTP port that customers use, if a container or router maps another one, at the first start
    #[arg(
        long,
        env = "QUAYMASTER_PUBLIC_PORT",
        global = true,
        value_name = "PORT"
    )]
    pub(super) public_port: Option<String>,

    /// Passive ports that the container publishes, so that pages can warn about others
    #[arg(
        long,
        env = "QUAYMASTER_PUBLISHED_PORTS",
        global = true,
        value_name = "FIRST-LAST"
    )]
    pub(super) published_ports: Option<String>,

    /// Key that seals secrets in the database [default: made at the first start]
    #[arg(
        long,
        env = "QUAYMASTER_INSTANCE_KEY",
        global = true,
        hide_env_values = true,
        value_name = "KEY"
    )]
    #[arg(value_parser = secret)]
    pub(super) instance_key: Option<Secret>,

    /// File that holds the instance key
    #[arg(
        long,
        env = "QUAYMASTER_INSTANCE_KEY_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(super) instance_key_file: Option<PathBuf>,

    /// Code that the first visit of the administration asks for [default: made and logged]
    #[arg(
        long,
        env = "QUAYMASTER_SETUP_CODE",
        global = true,
        hide_env_values = true,
        value_name = "CODE"
    )]
    #[arg(value_parser = secret)]
    pub(super) setup_code: Option<Secret>,

    /// File that holds the set-up code
    #[arg(
        long,
        env = "QUAYMASTER_SETUP_CODE_FILE",
        global = true,
        value_name = "FILE"
    )]
    pub(super) setup_code_file: Option<PathBuf>,

    /// Networks of proxies whose X-Forwarded-For is believed, separated by commas
    #[arg(
        long,
        env = "QUAYMASTER_TRUSTED_PROXIES",
        global = true,
        default_value = "",
        value_name = "NETWORKS"
    )]
    #[arg(hide_default_value = true)]
    pub(super) trusted_proxies: String,

    /// How log lines are written
    #[arg(
        long,
        env = "QUAYMASTER_LOG_FORMAT",
        global = true,
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub(super) log_format: LogFormat,

    /// Which log lines are written, for example info or quaymaster=debug
    #[arg(
        long,
        env = "QUAYMASTER_LOG_LEVEL",
        global = true,
        default_value = "info",
        value_name = "FILTER"
    )]
    pub(super) log_level: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What clap calls for a secret, so that no message of its own repeats the text.
#[expect(
    clippy::unnecessary_wraps,
    reason = "clap asks for a parser that could fail"
)]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text.to_owned()))
}
