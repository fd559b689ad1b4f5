//! `doctor`: looks for what would keep customers out. Every failure comes with its fix.

use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::console;
use crate::app::Office;
use crate::clock::{Clock, SystemClock};
use crate::hosting::volumes::VolumeReport;
use crate::model::{PortRange, PublicAddress};
use crate::net::{CertificateStore, Surroundings};
use crate::settings::{Boot, Settings};

/// Looks for what would keep customers out, and names the fix.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {}

/// Warns this long before a certificate expires.
const CERTIFICATE_WARNING: Duration = Duration::from_hours(21 * 24);

/// One finding.
#[derive(Debug, Eq, PartialEq)]
enum Finding {
    Good(String),
    /// Works, but somebody should look at it: what, and the fix.
    Doubtful(String, String),
    /// Keeps customers out: what, and the fix.
    Bad(String, String),
}

impl Doctor {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let mut findings = Vec::new();
        match Office::open(boot, Arc::new(SystemClock)).await {
            Ok(office) => {
                findings.push(Finding::Good("The database answers.".to_owned()));
                findings.extend(volumes(&office).await);
                let settings = office.settings.current();
                let is_running = is_running(boot);
                findings.extend(ports(boot, &settings, is_running));
                findings.push(published(boot, settings.passive_ports));
                findings.push(address(&settings));
            }
            Err(error) => findings.push(Finding::Bad(
                format!("The server cannot open its data: {error}."),
                "Check QUAYMASTER_DATA_DIR and QUAYMASTER_DATABASE_URL, and who owns the folder."
                    .to_owned(),
            )),
        }
        findings.push(certificate(boot));
        findings.iter().for_each(print);
        let is_ill = findings
            .iter()
            .any(|finding| matches!(finding, Finding::Bad(..)));
        Ok(if is_ill {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

fn print(finding: &Finding) {
    match finding {
        Finding::Good(what) => console::say(&format!("ok    {what}")),
        Finding::Doubtful(what, fix) => console::say(&format!("warn  {what}\n      {fix}")),
        Finding::Bad(what, fix) => console::say(&format!("FAIL  {what}\n      {fix}")),
    }
}

async fn volumes(office: &Office) -> Vec<Finding> {
    let mut findings = Vec::new();
    for report in office.volumes.reports() {
        let probed = office.volumes.probe(report.volume.id).await;
        findings.push(volume(&report, probed.map_err(|error| error.to_string())));
    }
    findings
}

fn volume(report: &VolumeReport, probed: Result<(), String>) -> Finding {
    let (name, path) = (&report.volume.name, report.root.display());
    match probed {
        Ok(()) => Finding::Good(format!("Files can be written to {path} (volume {name}).")),
        Err(_) if report.is_ill() => Finding::Bad(
            format!("Volume {name} in {path} cannot be used."),
            report.condition.advice(),
        ),
        Err(error) => Finding::Bad(
            format!("Files cannot be written to {path} (volume {name}): {error}."),
            format!("Give the user that runs the server the right to write: chown -R USER {path}"),
        ),
    }
}

fn is_running(boot: &Boot) -> bool {
    boot.metrics_listen.is_some_and(|address| {
        let address = super::address::reachable(address);
        std::net::TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    })
}

/// A running server holds the ports itself, which is how they should be.
fn ports(boot: &Boot, settings: &Settings, is_running: bool) -> Vec<Finding> {
    if is_running {
        return vec![Finding::Good(
            "A server is running here and holds its ports; its network page shows each of them."
                .to_owned(),
        )];
    }
    let control = boot
        .ftp_listen
        .iter()
        .chain(&boot.ftps_listen)
        .chain([&boot.web_listen]);
    let control = control.copied();
    let any = std::net::IpAddr::from([0, 0, 0, 0]);
    let passive = settings
        .passive_ports
        .ports()
        .map(|port| SocketAddr::new(any, port));
    let taken: Vec<Finding> = control.chain(passive).filter_map(taken).collect();
    if taken.is_empty() {
        let range = settings.passive_ports;
        return vec![Finding::Good(format!(
            "All ports are free, the passive ports {range} too."
        ))];
    }
    taken
}

fn taken(address: SocketAddr) -> Option<Finding> {
    let error = TcpListener::bind(address).err()?;
    let port = address.port();
    let fix = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("See who holds it: ss -ltnp 'sport = :{port}'. Stop that program or move ours.")
        }
        std::io::ErrorKind::PermissionDenied => format!(
            "Ports below 1024 need a right: setcap cap_net_bind_service=+ep quaymaster, or map {port} \
             from a higher port."
        ),
        _ => "Check the address; it must be one of this computer.".to_owned(),
    };
    Some(Finding::Bad(
        format!("{address} cannot be opened: {error}."),
        fix,
    ))
}

fn published(boot: &Boot, range: PortRange) -> Finding {
    let is_container = Surroundings::detect().in_container;
    match boot.published_ports {
        Some(published) if published == range => Finding::Good(format!(
            "The passive ports {range} are published one to one."
        )),
        Some(published) => Finding::Bad(
            format!("The container publishes {published}, but the passive ports are {range}."),
            format!(
                "Publish \"{range}:{range}\" in docker-compose.yml, or set the range to {published} on \
                 the network page."
            ),
        ),
        None if is_container => Finding::Doubtful(
            "This is a container, and nobody said which ports it publishes.".to_owned(),
            format!(
                "Publish \"{range}:{range}\" and set QUAYMASTER_PUBLISHED_PORTS={range}, so that this \
                 check can compare."
            ),
        ),
        None => Finding::Good(format!(
            "Clients connect to the passive ports {range} directly."
        )),
    }
}

fn address(settings: &Settings) -> Finding {
    let is_container = Surroundings::detect().in_container;
    match &settings.public_address {
        PublicAddress::Automatic if is_container => Finding::Doubtful(
            "Passive replies name the container's own address, which customers cannot reach."
                .to_owned(),
            "Set the public address on the network page to the address that customers use."
                .to_owned(),
        ),
        address => Finding::Good(format!("Passive replies name: {address}.")),
    }
}

fn certificate(boot: &Boot) -> Finding {
    let now = SystemClock.now();
    let path = boot.tls_dir();
    if !path.join("cert.pem").exists() {
        return Finding::Good(
            "There is no certificate yet; a self-signed one is made at the start.".to_owned(),
        );
    }
    match CertificateStore::load_or_create(&path, &[], now) {
        Ok(store) => {
            let left = store.facts().not_after.since(now);
            let days = left.as_secs() / 86_400;
            let replace = format!("Put a new cert.pem and key.pem into {}.", path.display());
            if left.is_zero() {
                Finding::Bad("The certificate has expired.".to_owned(), replace)
            } else if left < CERTIFICATE_WARNING {
                Finding::Doubtful(format!("The certificate expires in {days} days."), replace)
            } else {
                Finding::Good(format!("The certificate is valid for another {days} days."))
            }
        }
        Err(error) => Finding::Bad(
            format!("The certificate cannot be used: {error}."),
            format!(
                "Put a matching cert.pem and key.pem into {}.",
                path.display()
            ),
        ),
    }
}
