//! From received bytes to commands, and from replies to bytes.

use std::hint::black_box;

use anyhow::ensure;
use bytes::BytesMut;
use quaymaster::proto::{Code, Command, LineBuffer, Reply};

use super::measure::{Bench, Does};

/// What a client says who logs in, looks around and uploads a file.
const SESSION: &[u8] = b"USER alice\r\nPASS correct horse battery\r\nSYST\r\nFEAT\r\n\
    OPTS UTF8 ON\r\nPWD\r\nTYPE I\r\nCWD /pictures/2026\r\nEPSV\r\nMLSD\r\nSIZE harbour.jpg\r\n\
    MDTM harbour.jpg\r\nEPSV\r\nSTOR harbour.jpg\r\nMFMT 20260102030405 harbour.jpg\r\nNOOP\r\n";
const LINES: u64 = 16;
const FEATURES: [&str; 8] = [
    "Features:",
    "AUTH TLS",
    "EPRT",
    "EPSV",
    "MDTM",
    "MLST type*;size*;modify*;perm*;",
    "UTF8",
    "End",
];

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    let mut buffer = LineBuffer::new();
    bench.time(
        "grammar: line to command",
        Does::Things(LINES, "line"),
        || {
            buffer.extend(black_box(SESSION));
            let mut commands = 0;
            while let Some(line) = buffer.next_line() {
                commands += u64::from(Command::parse(&line?).is_ok());
            }
            ensure!(black_box(commands) == LINES, "every line is a command");
            Ok(())
        },
    )?;
    let mut wire = BytesMut::new();
    bench.time("grammar: short reply", Does::Things(1, "reply"), || {
        wire.clear();
        Reply::new(Code::TransferComplete, black_box("Transfer complete.")).encode(&mut wire);
        black_box(&wire);
        Ok(())
    })?;
    bench.time(
        "grammar: reply of eight lines",
        Does::Things(1, "reply"),
        || {
            wire.clear();
            Reply::multi(Code::SystemStatus, black_box(FEATURES)).encode(&mut wire);
            black_box(&wire);
            Ok(())
        },
    )
}
