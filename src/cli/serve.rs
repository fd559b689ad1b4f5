//! `serve`: opens the house, starts the doors, waits for a signal.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use super::address::page_url;
use super::{console, demo};
use crate::clock::SystemClock;
use crate::server::Server;
use crate::settings::{Boot, LogFormat};
use crate::telemetry;

/// Runs the server until it is told to stop.
#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Fills an empty data folder with sample customers and accounts and prints how to sign in and
    /// upload.
    #[arg(long)]
    pub(super) demo: bool,
}

impl Serve {
    pub(super) async fn run(self, boot: Boot) -> anyhow::Result<ExitCode> {
        let format = match boot.log_format {
            LogFormat::Json => telemetry::LogFormat::Json,
            LogFormat::Text => telemetry::LogFormat::Text,
        };
        telemetry::init(format, &boot.log_level)?;
        let mut terminate = signal(SignalKind::terminate()).context("signals are not available")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("signals are not available")?;
        let server = Server::start(boot, Arc::new(SystemClock)).await?;
        if self.demo {
            for line in demo::fill(server.app(), server.addresses()).await? {
                console::say(&line);
            }
        } else {
            announce(&server).await?;
        }
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        server.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}

async fn announce(server: &Server) -> anyhow::Result<()> {
    let addresses = server.addresses();
    let page = page_url(server.app().boot.web_url.as_deref(), addresses.web);
    for address in &addresses.ftp {
        console::say(&format!("FTP (explicit TLS)  {address}"));
    }
    for address in &addresses.ftps {
        console::say(&format!("FTP (implicit TLS)  {address}"));
    }
    if let Some(address) = &addresses.metrics {
        console::say(&format!("Health and metrics  {address}"));
    }
    console::say(&format!("Administration      {page}/admin"));
    if server.app().setup.is_open().await? {
        let code = server.app().setup.code().expose();
        console::say(&format!("First run           {page}/setup/1?code={code}"));
        console::say(&format!("Set-up code         {code}"));
    }
    Ok(())
}
