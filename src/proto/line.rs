//! From received bytes to lines: terminator, Telnet filter, limits, and the recognition of peers
//! that do not speak FTP (RFC 959 §5.3.1, RFC 854, RFC 1123 §4.1.3.1).

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::proto::reply::{Code, Reply};

/// Assembles lines from what the control connection receives.
///
/// Bytes stay raw until [`LineBuffer::next_line`] asks for them, so that [`LineBuffer::is_empty`]
/// tells the truth about what follows an `AUTH` line. At most one incomplete line is kept beside
/// the bytes of the last [`LineBuffer::extend`]: drain the lines before reading more.
#[derive(Default)]
pub struct LineBuffer {
    raw: Zeroizing<Vec<u8>>,
    /// Where the unread part of `raw` begins.
    read: usize,
    line: Zeroizing<Vec<u8>>,
    telnet: Telnet,
    /// Bytes are dropped up to the next LF.
    discarding: bool,
}

/// What the Telnet filter has seen of a sequence.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Telnet {
    /// No sequence has begun.
    #[default]
    Data,
    /// After `IAC`.
    Command,
    /// After `IAC WILL|WONT|DO|DONT`: the option follows.
    Option,
}

impl LineBuffer {
    /// Longest line in bytes, terminator included.
    pub const LIMIT_BYTES: usize = 4_096;

    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was received.
    pub fn extend(&mut self, received: &[u8]) {
        self.raw.extend_from_slice(received);
    }

    /// The next line, without its terminator; `None` until more bytes come. Empty lines are
    /// skipped.
    ///
    /// # Errors
    ///
    /// The line is lost and the next one can be read, except after [`LineError::Http`] and
    /// [`LineError::TlsHello`], where the connection is to be closed.
    pub fn next_line(&mut self) -> Option<Result<Line, LineError>> {
        while let Some(&byte) = self.raw.get(self.read) {
            self.read += 1;
            if let Some(outcome) = self.take(byte) {
                return Some(outcome);
            }
        }
        self.raw.zeroize();
        self.read = 0;
        None
    }

    /// Whether nothing at all is kept: no unread byte, no part of a line, no half of a Telnet
    /// sequence. It must hold before `AUTH` is accepted (what a third party injected before the
    /// handshake must not be obeyed after it).
    pub fn is_empty(&self) -> bool {
        self.read == self.raw.len()
            && self.line.is_empty()
            && self.telnet == Telnet::Data
            && !self.discarding
    }

    /// Passes one received byte through the Telnet filter.
    fn take(&mut self, byte: u8) -> Option<Result<Line, LineError>> {
        match (self.telnet, byte) {
            (Telnet::Data, IAC) => self.telnet = Telnet::Command,
            (Telnet::Data, _) => return self.push(byte),
            (Telnet::Command, IAC) => {
                self.telnet = Telnet::Data;
                return self.push(IAC);
            }
            (Telnet::Command, WILL..=DONT) => self.telnet = Telnet::Option,
            (Telnet::Command, SE..WILL) | (Telnet::Option, _) => self.telnet = Telnet::Data,
            (Telnet::Command, _) => {
                // No Telnet command: an old client's name in an 8-bit character set.
                self.telnet = Telnet::Data;
                let kept = self.push(IAC);
                return kept.or(self.push(byte));
            }
        }
        None
    }

    /// Appends one byte of data to the line.
    fn push(&mut self, byte: u8) -> Option<Result<Line, LineError>> {
        if byte == b'\n' {
            if std::mem::take(&mut self.discarding) {
                return None;
            }
            let bytes = std::mem::take(&mut self.line);
            return Line::of(&bytes).transpose();
        }
        if self.discarding {
            return None;
        }
        if self.line.len() + 1 >= Self::LIMIT_BYTES {
            self.line.zeroize();
            self.discarding = true;
            return Some(Err(LineError::TooLong));
        }
        self.line.push(byte);
        if *self.line == TLS_HANDSHAKE {
            self.line.zeroize();
            self.discarding = true;
            return Some(Err(LineError::TlsHello));
        }
        None
    }
}

impl fmt::Debug for LineBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineBuffer")
            .field("unread_bytes", &self.raw.len().saturating_sub(self.read))
            .field("line_bytes", &self.line.len())
            .finish_non_exhaustive()
    }
}

/// One line as the peer sent it: UTF-8 without control characters, never empty.
///
/// It may hold a password: it is wiped when dropped and its `Debug` shows the length only.
#[derive(Clone, Eq, PartialEq)]
pub struct Line(Zeroizing<String>);

impl Line {
    /// Checks a line without its LF; `None` if it is empty.
    fn of(bytes: &[u8]) -> Result<Option<Self>, LineError> {
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if bytes.is_empty() {
            return Ok(None);
        }
        if is_foreign(bytes) {
            return Err(LineError::Http);
        }
        if bytes.iter().any(u8::is_ascii_control) {
            return Err(LineError::IllegalCharacter);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| LineError::NotUtf8)?;
        Ok(Some(Self(Zeroizing::new(text.to_owned()))))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Bytes the line takes in a queue.
    pub fn len_bytes(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} bytes)", self.0.len())
    }
}

/// Why a line is not one of FTP.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LineError {
    /// It speaks HTTP, SMTP or SSH. Close the connection.
    #[error("not an ftp client")]
    Http,
    /// It holds NUL, CR, another control character or DEL.
    #[error("illegal character in line")]
    IllegalCharacter,
    /// It is not UTF-8.
    #[error("line is not utf-8")]
    NotUtf8,
    /// A TLS handshake began without `AUTH`. Close the connection without a word.
    #[error("tls handshake on a plain connection")]
    TlsHello,
    /// It has more than [`LineBuffer::LIMIT_BYTES`]. What follows up to LF is dropped.
    #[error("line too long")]
    TooLong,
}

impl LineError {
    /// What the peer hears; `None`: nothing.
    pub fn reply(self) -> Option<Reply> {
        match self {
            Self::Http => Some(Reply::new(
                Code::ServiceNotAvailable,
                "This is an FTP server.",
            )),
            Self::IllegalCharacter => Some(Reply::new(
                Code::BadArgument,
                "Illegal character in argument.",
            )),
            Self::NotUtf8 => Some(Reply::new(Code::BadArgument, "Path is not valid UTF-8.")),
            Self::TlsHello => None,
            Self::TooLong => Some(Reply::new(Code::UnknownCommand, "Line too long.")),
        }
    }

    /// Whether the connection is to be closed after the reply.
    pub fn closes(self) -> bool {
        matches!(self, Self::Http | Self::TlsHello)
    }
}

/// Whether the line opens another protocol: FTP shares no verb with these.
fn is_foreign(line: &[u8]) -> bool {
    let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    FOREIGN_VERBS
        .iter()
        .any(|foreign| verb.eq_ignore_ascii_case(foreign.as_bytes()))
        || line.starts_with(b"SSH-")
}

const FOREIGN_VERBS: [&str; 11] = [
    "CONNECT", "DELETE", "EHLO", "GET", "HEAD", "HELO", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// Record type "handshake", major version 3.
const TLS_HANDSHAKE: [u8; 2] = [0x16, 0x03];

// Telnet (RFC 854).
const SE: u8 = 0xf0;
const WILL: u8 = 0xfb;
const DONT: u8 = 0xfe;
const IAC: u8 = 0xff;
