//! What a server says of itself that sessions and transfers hold: its metrics page, read as any
//! collector reads it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::ftp_client::PATIENCE;

/// Everything that is taken for a session or a transfer and must come back.
const HELD: [&str; 10] = [
    "sessions",
    "transfers_running",
    "passwords_at_work",
    "port_waits",
    "passive_ports{state=\"reserved\"}",
    "passive_ports{state=\"connected\"}",
    "buffers_lent",
    "files_in_flight",
    "quota_reservations",
    "quota_reserved_bytes",
];
/// How long winding up may take.
const SOON: Duration = Duration::from_secs(10);

/// What is held at this moment; what is zero is left out.
pub(crate) async fn held(metrics: SocketAddr) -> BTreeMap<&'static str, i64> {
    let page = timeout(PATIENCE, page(metrics)).await.expect("in time");
    let figure = |name: &&'static str| {
        let prefix = format!("quaymaster_ftp_{name} ");
        let mut figures = page.lines().filter_map(|line| line.strip_prefix(&prefix));
        let figure = figures.next().unwrap_or_else(|| panic!("{name}: {page}"));
        (*name, figure.parse().expect("a number"))
    };
    let mut held: BTreeMap<_, i64> = HELD.iter().map(figure).collect();
    held.retain(|_, figure| *figure != 0);
    held
}

/// Asserts that soon nothing is held but by `sessions` that do nothing.
pub(crate) async fn assert_at_rest(metrics: SocketAddr, sessions: usize, context: &str) {
    let mut expected = BTreeMap::from([("sessions", i64::try_from(sessions).expect("a few"))]);
    expected.retain(|_, figure| *figure != 0);
    let since = Instant::now();
    loop {
        let held = held(metrics).await;
        if held == expected {
            return;
        }
        assert!(since.elapsed() < SOON, "{context}: {held:?} is still held");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn page(metrics: SocketAddr) -> String {
    let mut stream = TcpStream::connect(metrics).await.expect("metrics");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("a page");
    let mut page = String::new();
    stream.read_to_string(&mut page).await.expect("a page");
    page
}
