//! `healthcheck`: asks the running server's readiness page; the exit code is the answer.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::address::reachable;
use super::console;
use crate::settings::Boot;

/// Asks a running server whether it can serve customers.
#[derive(Debug, clap::Args)]
pub(super) struct Healthcheck {}

/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most of the answer that is read.
const ANSWER_LIMIT_BYTES: u64 = 64 * 1_024;

impl Healthcheck {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let Some(address) = boot.metrics_listen else {
            bail!("the server has no health page: QUAYMASTER_METRICS_LISTEN is off");
        };
        let address = reachable(address);
        let answer = tokio::time::timeout(PATIENCE, ask(address))
            .await
            .with_context(|| format!("{address} does not answer"))?
            .with_context(|| format!("no server runs on {address}"))?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(ExitCode::SUCCESS);
        }
        let body = answer
            .split_once("\r\n\r\n")
            .map_or(answer.as_str(), |(_, body)| body);
        console::complain(&format!("not ready: {body}"));
        Ok(ExitCode::FAILURE)
    }
}

async fn ask(address: std::net::SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_LIMIT_BYTES)
        .read_to_end(&mut answer)
        .await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
