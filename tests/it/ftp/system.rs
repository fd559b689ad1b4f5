//! What the server asks of the operating system, and what happens when it does not answer: the server
//! runs under `strace`. Where that is not installed, this is not tested; the runner of all tests
//! installs it.

use std::process::Command;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use crate::support::ftp_client::FtpClient;
use crate::support::process::{Installation, booked};
use crate::support::server::{PASSWORD, eventually};

fn is_installed() -> bool {
    Command::new("strace").arg("-V").output().is_ok()
}

async fn logged_in(address: std::net::SocketAddr) -> FtpClient {
    let mut ftp = FtpClient::connect(address).await;
    ftp.log_in("alice", PASSWORD).await;
    ftp
}

/// STO-34.
#[tokio::test]
async fn a_file_is_on_the_disk_before_it_has_its_name_and_before_226() {
    if !is_installed() {
        return;
    }
    let calls =
        "trace=openat,openat2,fsync,fdatasync,renameat,renameat2,sendto,sendmsg,write,writev";
    let mut place = Installation::new(5).under_strace(&["-s", "80", "-e", calls]);
    place.account("alice", &[]).await;
    let options = [("durability", "on-disk"), ("tls_policy", "optional")];
    place.set(&options).await;
    let mut ftp = logged_in(place.start().await).await;

    assert_eq!(ftp.upload("STOR safe.txt", b"hello").await.code, 226);
    place.stop().await;

    let trace = place.traced();
    let lines: Vec<&str> = trace.lines().collect();
    let find = |from: usize, what: &dyn Fn(&str) -> bool| {
        let found = lines.iter().skip(from).position(|line| what(line));
        from + found.unwrap_or_else(|| panic!("{trace}"))
    };
    let staged = find(0, &|line| {
        line.contains("\".fx~") && line.contains("O_EXCL")
    });
    let synced = find(staged, &|line| line.contains("fsync("));
    let named = find(staged, &|line| {
        line.contains("renameat") && line.contains("\"safe.txt\"")
    });
    let folder = find(named, &|line| line.contains("fsync("));
    let told = find(staged, &|line| line.contains("226 Transfer complete"));
    assert!(synced < named && folder < told, "{trace}");
}

/// ABO-08: every write to the file takes three seconds.
#[tokio::test]
async fn abor_is_answered_at_once_while_the_disk_does_not_answer() {
    if !is_installed() {
        return;
    }
    let mut place = Installation::new(5);
    place.account("alice", &[]).await;
    place.set(&[("tls_policy", "optional")]).await;
    let mut ftp = logged_in(place.start().await).await;
    ftp.upload("STOR log", b"line").await;
    place.stop().await;
    let file = place.home("alice").join("log");
    let file = file.to_str().expect("a path");
    let delay = "inject=pwrite64,write,pwritev:delay_enter=3000000";
    let mut place = place.under_strace(&[
        "-P",
        file,
        "-e",
        "trace=pwrite64,write,pwritev",
        "-e",
        delay,
    ]);
    let mut ftp = logged_in(place.start().await).await;
    let mut data = ftp.open_data().await;
    ftp.expect("APPE log", 150).await;
    data.write_all(&vec![7; 100_000]).await.unwrap();
    let pid = place.pid();
    let mut held = 0;
    eventually("a thread waits for the disk", || {
        held = if is_held(pid) { held + 1 } else { 0 };
        held > 20
    })
    .await;
    let since = Instant::now();

    ftp.play("C: ABOR\nS: 426 Transfer aborted.\nS: 226 ABOR successful.")
        .await;
    ftp.expect("NOOP", 200).await;
    let waited = since.elapsed();

    assert!(waited < Duration::from_millis(1_500), "{waited:?}");
    let mut settled = false;
    for _ in 0..300 {
        settled = booked(&mut ftp).await == place.disk() && ftp.say("APPE log").await.code == 425;
        if settled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(settled, "{:?}", place.disk());
    drop(ftp);
    place.stop().await;
}

/// Whether a thread of the process is held by its tracer.
fn is_held(pid: u32) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    tasks.flatten().any(|task| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_some_and(|(_, state)| state.starts_with('t'))
    })
}
