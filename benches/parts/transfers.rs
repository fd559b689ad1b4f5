//! Files over loopback, in the clear and with TLS. Client and server share this process and this
//! machine, so the figures are less than what a server moves that has the machine for itself.

use std::io::{Read, Write};

use anyhow::ensure;
use suppaftp::Status;

use super::client::log_in;
use super::measure::{Bench, Does};
use super::premises::Premises;

/// Bytes of a large file, and of a small one.
const LARGE: usize = 64 << 20;
const SMALL: usize = 1_024;
/// What the client gives to the system at once.
const PIECE: usize = 256 * 1_024;

pub(crate) fn run(bench: &Bench, premises: &Premises) -> anyhow::Result<()> {
    for (is_tls, how) in [(false, "plain"), (true, "TLS")] {
        let mut ftp = log_in(premises, is_tls)?;
        let large = vec![7; LARGE];
        let small = vec![7; SMALL];
        let mut number = 0_u64;
        bench.time(
            &format!("{how}: upload of 1 KiB"),
            Does::Things(1, "file"),
            || {
                // A new name each: one that replaces a file waits for a moment in any case.
                number += 1;
                ftp.put_file(format!("small-{how}-{number}"), &mut small.as_slice())?;
                Ok(())
            },
        )?;
        let bytes = Does::Bytes(LARGE as u64);
        bench.time(&format!("{how}: upload of 64 MiB"), bytes, || {
            // A size that was announced needs no second look at its end.
            ftp.custom_command(format!("ALLO {LARGE}"), &[Status::CommandOk])?;
            let mut data = ftp.put_with_stream("large")?;
            for piece in large.chunks(PIECE) {
                data.write_all(piece)?;
            }
            data.finish()?;
            Ok(())
        })?;
        ftp.put_file("large", &mut large.as_slice())?;
        let mut buffer = vec![0; PIECE];
        bench.time(&format!("{how}: download of 64 MiB"), bytes, || {
            let mut data = ftp.retr_as_stream("large")?;
            let mut received = 0;
            loop {
                match data.read(&mut buffer)? {
                    0 => break,
                    read => received += read,
                }
            }
            data.finish()?;
            ensure!(received == LARGE, "the whole file");
            Ok(())
        })?;
        ftp.quit()?;
    }
    Ok(())
}
