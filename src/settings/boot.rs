//! Start-up facts: what must be known before the database is open. They come from the command line
//! and from `QUAYMASTER_…` variables, and hold until the process ends.

use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::arguments::{BootArgs, LogFormat};
use super::environment::{self, BootError};
use super::listen::{self, Listener};
use super::live::LiveOptions;
use crate::model::{PortRange, PublicAddress, Secret};
use crate::store::DatabaseUrl;

/// The start-up facts.
#[derive(Clone, Debug)]
pub struct Boot {
    /// Folder that holds files, certificates and, unless it is elsewhere, the database.
    pub data_dir: PathBuf,
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Where FTP clients connect (explicit TLS).
    pub ftp_listen: Vec<SocketAddr>,
    /// Where FTP clients connect with implicit TLS; empty for nowhere.
    pub ftps_listen: Vec<SocketAddr>,
    /// Where browsers connect.
    pub web_listen: SocketAddr,
    /// Where metrics are read; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// The address of the administration as browsers see it, without a slash at the end, if it is
    /// known.
    pub web_url: Option<String>,
    /// Passive ports from the first start on.
    pub passive_ports: Option<PortRange>,
    /// Public address from the first start on.
    pub public_address: Option<PublicAddress>,
    /// FTP port that customers use, from the first start on.
    pub public_port: Option<u16>,
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

impl BootArgs {
    /// Checks the facts, and the environment for variables that nobody reads.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in a sentence.
    pub fn read(self) -> Result<Boot, BootError> {
        environment::refuse_unknown::<Self>(environment::names())?;
        self.checked()
    }

    fn checked(self) -> Result<Boot, BootError> {
        let database_url = environment::secret(
            "DATABASE_URL",
            self.database_url,
            self.database_url_file.as_deref(),
        )?;
        let boot = Boot {
            database_url: match database_url {
                Some(url) => url
                    .expose()
                    .parse()
                    .map_err(|error| wrong("DATABASE_URL", error))?,
                None => DatabaseUrl::sqlite(&self.data_dir.join(DATABASE_FILE)),
            },
            ftp_listen: listen::addresses("FTP_LISTEN", &self.ftp_listen)?,
            ftps_listen: listen::addresses("FTPS_LISTEN", &self.ftps_listen)?,
            web_listen: listen::address("WEB_LISTEN", &self.web_listen)?,
            metrics_listen: listen::optional("METRICS_LISTEN", &self.metrics_listen)?,
            web_url: given(self.web_url).map(|url| web_url(&url)).transpose()?,
            passive_ports: parsed("PASSIVE_PORTS", self.passive_ports)?,
            public_address: parsed("PUBLIC_ADDRESS", self.public_address)?,
            public_port: parsed("PUBLIC_PORT", self.public_port)?,
            published_ports: parsed("PUBLISHED_PORTS", self.published_ports)?,
            instance_key: environment::secret(
                "INSTANCE_KEY",
                self.instance_key,
                self.instance_key_file.as_deref(),
            )?,
            setup_code: environment::secret(
                "SETUP_CODE",
                self.setup_code,
                self.setup_code_file.as_deref(),
            )?,
            trusted_proxies: listen::networks("TRUSTED_PROXIES", &self.trusted_proxies)?,
            data_dir: self.data_dir,
            log_format: self.log_format,
            log_level: given(Some(self.log_level)).unwrap_or_else(|| "info".to_owned()),
        };
        listen::refuse_overlaps(&boot.listeners(), boot.passive_ports)?;
        Ok(boot)
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

    /// What the live settings must fit to, and what they begin with.
    pub fn live_options(&self) -> LiveOptions {
        let mut first_values = Vec::new();
        if let Some(range) = self.passive_ports {
            first_values.push(("passive_ports".to_owned(), range.to_string()));
        }
        if let Some(address) = &self.public_address {
            first_values.push(("public_address".to_owned(), address.to_string()));
            if *address != PublicAddress::Automatic {
                first_values.push(("host_name".to_owned(), address.to_string()));
            }
        }
        if let Some(port) = self.public_port {
            first_values.push(("host_port".to_owned(), port.to_string()));
        }
        LiveOptions {
            first_values,
            reserved_ports: self
                .listeners()
                .iter()
                .map(|listener| listener.address.port())
                .collect(),
        }
    }

    /// Every address that the service listens on, with the fact that names it.
    fn listeners(&self) -> Vec<Listener> {
        let of = |fact, addresses: &[SocketAddr]| -> Vec<Listener> {
            addresses
                .iter()
                .map(|address| Listener {
                    fact,
                    address: *address,
                })
                .collect()
        };
        [
            of("FTP_LISTEN", &self.ftp_listen),
            of("FTPS_LISTEN", &self.ftps_listen),
            of("WEB_LISTEN", &[self.web_listen]),
            of("METRICS_LISTEN", self.metrics_listen.as_slice()),
        ]
        .concat()
    }
}

/// The database, unless it is elsewhere.
const DATABASE_FILE: &str = "quaymaster.db";

/// The text, unless it is empty.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn parsed<T>(fact: &str, text: Option<String>) -> Result<Option<T>, BootError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    given(text)
        .map(|text| text.parse().map_err(|error| wrong(fact, error)))
        .transpose()
}

fn web_url(url: &str) -> Result<String, BootError> {
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or("");
    if host.is_empty() || host.starts_with('/') {
        return Err(wrong(
            "WEB_URL",
            "write the address that browsers use, for example https://ftp.example.net",
        ));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn wrong(fact: &str, problem: impl std::fmt::Display) -> BootError {
    BootError(format!("{}{fact}: {problem}", environment::PREFIX))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        boot: BootArgs,
    }

    fn read(arguments: &[&str]) -> Result<Boot, String> {
        let arguments = [&["quaymaster"], arguments].concat();
        let program = Program::try_parse_from(arguments).map_err(|error| error.to_string())?;
        program.boot.checked().map_err(|error| error.to_string())
    }

    #[test]
    fn a_mapped_port_is_the_one_that_customers_type() {
        let boot = read(&["--public-port", "21"]).unwrap();

        let port = ("host_port".to_owned(), "21".to_owned());
        assert_eq!(boot.live_options().first_values, [port]);
    }

    #[test]
    fn everything_has_a_default_that_works() {
        let boot = read(&[]).unwrap();

        assert_eq!(
            boot.database_url,
            DatabaseUrl::sqlite(std::path::Path::new("./data/quaymaster.db"))
        );
        assert_eq!(boot.live_options().first_values, []);
        assert_eq!(
            boot.live_options().reserved_ports,
            [2_121, 2_990, 8_080, 9_090]
        );
        assert!(!boot.secure_cookies());
    }

    #[test]
    fn a_first_value_becomes_a_setting() {
        let boot = read(&[
            "--passive-ports=40000-40009",
            "--public-address=FTP.example.net",
            "--web-url=https://admin.example.net/",
        ])
        .unwrap();

        let text = |key: &str, text: &str| (key.to_owned(), text.to_owned());
        assert_eq!(
            boot.live_options().first_values,
            [
                text("passive_ports", "40000-40009"),
                text("public_address", "ftp.example.net"),
                text("host_name", "ftp.example.net"),
            ]
        );
        assert_eq!(boot.web_url.as_deref(), Some("https://admin.example.net"));
        assert!(boot.secure_cookies());
    }

    #[test]
    fn an_empty_text_counts_as_not_given() {
        let boot = read(&[
            "--passive-ports=",
            "--web-url= ",
            "--database-url=",
            "--metrics-listen=off",
            "--ftps-listen=off",
        ])
        .unwrap();

        assert_eq!((boot.passive_ports, boot.metrics_listen), (None, None));
        assert_eq!(boot.ftps_listen, []);
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence() {
        for (arguments, sentence) in [
            (
                &["--passive-ports=30019-30000"][..],
                "QUAYMASTER_PASSIVE_PORTS: Last port must not be lower than the first (30019)",
            ),
            (
                &["--database-url=mysql://root:secret@db"],
                "QUAYMASTER_DATABASE_URL: the database URL must begin with sqlite: or postgres://",
            ),
            (
                &["--web-url=admin.example.net"],
                "QUAYMASTER_WEB_URL: write the address that browsers use, for example \
                 https://ftp.example.net",
            ),
            (
                &["--web-listen=0.0.0.0:2121"],
                "QUAYMASTER_FTP_LISTEN (0.0.0.0:2121) and QUAYMASTER_WEB_LISTEN (0.0.0.0:2121) \
                 use the same port. Give each its own",
            ),
            (
                &["--passive-ports=8000-9000"],
                "QUAYMASTER_PASSIVE_PORTS (8000-9000) includes port 8080, which \
                 QUAYMASTER_WEB_LISTEN uses. Choose a range without it",
            ),
        ] {
            assert_eq!(read(arguments).unwrap_err(), sentence);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let boot = read(&[
            "--setup-code=abc-123",
            "--database-url=postgres://u:p455@db/q",
        ]);

        let shown = format!("{:?}", boot.unwrap());

        assert!(
            !shown.contains("abc-123") && !shown.contains("p455"),
            "{shown}"
        );
    }
}
