//! A disk that fails in the middle of a file: whatever it refuses, the client does not hear 226, the
//! books say what stands there, and nothing is held. The server runs under `strace`, which answers
//! for the disk; where that is not installed, this is not tested.

use std::process::Command;

use crate::support::ftp_client::FtpClient;
use crate::support::held::assert_at_rest;
use crate::support::process::{Installation, booked};
use crate::support::server::PASSWORD;

/// What fails, what the client asks for, and what it hears. Every file has four bytes before.
const FAILURES: [(&[&str], &str, u16); 8] = [
    (&["fsync:error=EIO"], "APPE log", 451),
    (
        &["fsync:error=EIO", "ftruncate:error=EIO:when=2+"],
        "REST 2;STOR log",
        451,
    ),
    (&["ftruncate:error=EIO"], "REST 2;STOR log", 451),
    (&["pwrite64,pwritev,splice:error=EIO"], "APPE log", 451),
    (
        &["pwrite64,pwritev,splice:error=EIO:when=2+"],
        "REST 2;STOR log",
        451,
    ),
    // The quota is the file system's own.
    (
        &["pwrite64,pwritev,splice:error=EDQUOT:when=2+"],
        "APPE log",
        552,
    ),
    // It is full, and does not let go of what was written.
    (
        &[
            "pwrite64,pwritev,splice:error=ENOSPC:when=2+",
            "ftruncate:error=EIO:when=2+",
        ],
        "REST 2;STOR log",
        452,
    ),
    (&["sendfile,pread64,splice:error=EIO"], "RETR log", 451),
];

/// STO-31, STO-34, QUO-26.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_equal_a_disk_that_fails_in_the_middle_of_a_file() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("strace is not installed");
        return;
    }
    for (failures, commands, code) in FAILURES {
        let mut place = Installation::new(5);
        place.account("alice", &[]).await;
        place
            .set(&[("durability", "on-disk"), ("tls_policy", "optional")])
            .await;
        let mut ftp = log_in(&mut place).await;
        assert_eq!(ftp.upload("STOR log", b"line").await.code, 226);
        place.stop().await;
        let file = place.home("alice").join("log");
        let mut options = vec!["-P".to_owned(), file.to_string_lossy().into_owned()];
        for failure in failures {
            options.extend(["-e".to_owned(), format!("inject={failure}")]);
        }
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let mut place = place.under_strace(&options);
        let mut ftp = log_in(&mut place).await;

        let heard = attempt(&mut ftp, commands).await;

        let context = format!("{commands}, {failures:?}");
        assert_eq!(heard, code, "{context}: {}", place.told());
        assert_at_rest(place.metrics(), 1, &context).await;
        assert_eq!(booked(&mut ftp).await, place.disk(), "{context}");
        assert!(place.staged().is_empty(), "{context}");
        drop(ftp);
        let disk = place.disk();
        place.stop().await;
        assert_eq!(place.recorded().await, (disk, false), "{context}");
    }
}

async fn log_in(place: &mut Installation) -> FtpClient {
    let mut ftp = FtpClient::connect(place.start().await).await;
    ftp.log_in("alice", PASSWORD).await;
    ftp
}

/// The final code of the last of `commands`.
async fn attempt(ftp: &mut FtpClient, commands: &str) -> u16 {
    let last = match commands.split_once(';') {
        Some((first, last)) => {
            ftp.expect(first, 350).await;
            last
        }
        None => commands,
    };
    if last.starts_with("RETR") {
        let mut data = ftp.open_data().await;
        ftp.expect(last, 150).await;
        let _broken_off = tokio::io::AsyncReadExt::read_to_end(&mut data, &mut Vec::new()).await;
        return ftp.reply().await.code;
    }
    ftp.upload(last, &vec![7; 3 << 20]).await.code
}
