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
        self.raw.drain(..self.read);
        self.read = 0;
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
        if self.line.is_empty() {
            // Most sessions are idle most of the time.
            self.line = Zeroizing::default();
        }
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
            let line = Line::of(&self.line).transpose();
            self.line.zeroize();
            return line;
        }
        if self.discarding {
            return None;
        }
        if self.line.len() + 1 >= Self::LIMIT_BYTES {
            self.line.zeroize();
            self.discarding = true;
            return Some(Err(LineError::TooLong));
        }
        if self.line.capacity() == 0 {
            // Growing would leave copies of a password behind.
            self.line.reserve_exact(Self::LIMIT_BYTES);
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Result<String, LineError>> {
        let mut buffer = LineBuffer::new();
        let mut lines = Vec::new();
        for chunk in chunks {
            buffer.extend(chunk);
            while let Some(line) = buffer.next_line() {
                lines.push(line.map(|line| line.as_str().to_owned()));
            }
        }
        lines
    }

    fn line(bytes: &[u8]) -> Result<String, LineError> {
        let mut lines = lines(&[bytes]);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }

    #[test]
    fn a_line_ends_in_crlf_or_lf() {
        let ok = |text: &str| Ok(text.to_owned());

        assert_eq!(
            lines(&[b"NOOP\r\nPWD\nQU", b"IT\r", b"\n"]),
            [ok("NOOP"), ok("PWD"), ok("QUIT")]
        );
    }

    #[test]
    fn empty_lines_are_skipped_and_spaces_are_kept() {
        let ok = |text: &str| Ok(text.to_owned());

        assert_eq!(
            lines(&[b"\r\n\n\r\n  \r\nPASS  x \r\n"]),
            [ok("  "), ok("PASS  x ")]
        );
    }

    #[test]
    fn a_line_may_have_4096_bytes_and_not_one_more() {
        for (length, fits) in [(4_094, true), (4_095, false), (1 << 20, false)] {
            let mut bytes = vec![b'x'; length];
            bytes.extend_from_slice(b"\r\nNOOP\r\n");
            let lines = lines(&[&bytes]);

            assert_eq!(lines.len(), 2, "one answer to the long line, {length}");
            assert_eq!(lines[0].is_ok(), fits, "{length}");
            assert_eq!(lines[1].as_deref(), Ok("NOOP"));
        }
        assert!(line(&[&[b'x'; 4_095][..], b"\n"].concat()).is_ok());
        assert_eq!(line(&[b'x'; 4_096]), Err(LineError::TooLong));
    }

    #[test]
    fn a_flood_without_line_ends_keeps_no_memory() {
        let mut buffer = LineBuffer::new();
        let mut errors = 0;
        for _ in 0..1_000 {
            buffer.extend(&[b'x'; 4_096]);
            while let Some(line) = buffer.next_line() {
                assert_eq!(line, Err(LineError::TooLong));
                errors += 1;
            }
        }

        assert_eq!(errors, 1);
        assert!(buffer.raw.capacity() + buffer.line.capacity() <= 4 * LineBuffer::LIMIT_BYTES);
    }

    #[test]
    fn lines_that_were_taken_make_room_for_what_arrives() {
        let mut buffer = LineBuffer::new();
        for _ in 0..1_000 {
            buffer.extend(b"NOOP\r\nNO");
            assert!(buffer.next_line().unwrap().is_ok());
            buffer.extend(b"OP\r\n");
            assert!(buffer.next_line().unwrap().is_ok());
        }

        assert!(buffer.next_line().is_none());
        assert!(buffer.is_empty() && buffer.raw.capacity() < 64);
    }

    #[test]
    fn control_characters_spoil_the_whole_line() {
        for bytes in [
            &b"CWD a\0b\r\n"[..],
            b"MKD a\rb\r\n",
            b"MKD a\r\0b\r\n",
            b"MKD a\r\r\n",
            b"MKD a\x7f\r\n",
            b"MKD a\x01\r\n",
            b"MKD a\tb\r\n",
            b"USER u1\0admin\r\n",
            b"\0\r\n",
        ] {
            assert_eq!(line(bytes), Err(LineError::IllegalCharacter), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        assert_eq!(line(b"MKD \xc3\x28\r\n"), Err(LineError::NotUtf8));
        assert_eq!(line(b"MKD x\xff\xffy\r\n"), Err(LineError::NotUtf8));
        assert_eq!(line(b"MKD x\xffy\r\n"), Err(LineError::NotUtf8));
        assert_eq!(line("MKD ünï\r\n".as_bytes()).as_deref(), Ok("MKD ünï"));
    }

    #[test]
    fn telnet_sequences_are_dropped_wherever_they_are_cut() {
        let sent: [(&[u8], &str); 4] = [
            (b"\xff\xf4\xff\xf2ABOR\r\n", "ABOR"),
            (b"NO\xff\xf1OP\r\n", "NOOP"),
            (b"\xff\xfd\x06NOOP\r\n", "NOOP"),
            (b"NOOP\xff\xfb\x0a\r\xff\xf1\n", "NOOP"),
        ];
        for (bytes, meant) in sent {
            assert_eq!(line(bytes).as_deref(), Ok(meant), "{bytes:?}");
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(lines(&single), [Ok(meant.to_owned())], "{bytes:?}");
        }
    }

    #[test]
    fn an_iac_that_begins_no_sequence_does_not_swallow_the_line_end() {
        assert_eq!(lines(&[b"X\xff\nNOOP\n"]).len(), 2);
        assert_eq!(
            lines(&[&[&[b'x'; 4_095][..], b"\xff\nNOOP\n"].concat()]),
            [Err(LineError::TooLong), Ok("NOOP".to_owned())]
        );
    }

    #[test]
    fn thousands_of_telnet_commands_take_no_room() {
        let mut bytes = b"\xff\xf1".repeat(4_096);
        bytes.extend_from_slice(b"NOOP\r\n");

        assert_eq!(line(&bytes).as_deref(), Ok("NOOP"));
    }

    #[test]
    fn other_protocols_are_recognised() {
        for bytes in [
            &b"GET / HTTP/1.0\r\n"[..],
            b"POST /x\r\n",
            b"options *\r\n",
            b"EHLO me\r\n",
            b"SSH-2.0-x\r\n",
            b"GET \x01\r\n",
        ] {
            let error = line(bytes).unwrap_err();
            assert_eq!(error, LineError::Http, "{bytes:?}");
            assert!(error.closes());
        }
        for bytes in [
            &b"GETX\r\n"[..],
            b"DELE x\r\n",
            b"OPTS x\r\n",
            b"STOR GET\r\n",
        ] {
            assert!(line(bytes).is_ok(), "{bytes:?}");
        }
    }

    #[test]
    fn a_tls_handshake_is_recognised_by_its_first_two_bytes() {
        let found = lines(&[b"\x16", b"\x03\x01\x02\x00"]);

        assert_eq!(found, [Err(LineError::TlsHello)]);
        assert!(LineError::TlsHello.closes() && LineError::TlsHello.reply().is_none());
    }

    #[test]
    fn nothing_that_follows_auth_goes_unnoticed() {
        for behind in [
            &b"N"[..],
            b"NOOP\r\n",
            b"\r\n",
            b"\xff",
            b"\xff\xfb",
            b"\xff\xf1",
            b"\0",
        ] {
            let mut buffer = LineBuffer::new();
            buffer.extend(b"AUTH TLS\r\n");
            buffer.extend(behind);
            assert!(buffer.next_line().unwrap().is_ok());

            assert!(!buffer.is_empty(), "{behind:?}");
        }
    }

    #[test]
    fn a_drained_buffer_is_empty_and_a_half_line_is_not() {
        let mut buffer = LineBuffer::new();
        assert!(buffer.is_empty());
        for bytes in [&b"NO"[..], b"\xff", b"\xff\xfd"] {
            let mut buffer = LineBuffer::new();
            buffer.extend(bytes);
            assert!(buffer.next_line().is_none());
            assert!(!buffer.is_empty(), "{bytes:?}");
        }

        buffer.extend(b"NOOP\r\n");
        assert!(buffer.next_line().is_some());
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_password_is_not_shown_by_debug() {
        let mut buffer = LineBuffer::new();
        buffer.extend(b"PASS hunter2\r\nPASS hunt");
        let line = buffer.next_line().unwrap().unwrap();

        assert!(!format!("{buffer:?} {line:?}").contains("hunt"));
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(
            bytes in prop::collection::vec(
                prop_oneof![any::<u8>(), prop::sample::select(&b"\r\n\xff\xfb\xf4\0A "[..])], 0..200),
            size in 1_usize..20,
        ) {
            let cut: Vec<&[u8]> = bytes.chunks(size).collect();

            prop_assert_eq!(lines(&cut), lines(&[&bytes]));
        }

        #[test]
        fn every_line_is_clean(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for text in lines(&[&bytes]).into_iter().flatten() {
                prop_assert!(!text.is_empty());
                prop_assert!(!text.bytes().any(|byte| byte.is_ascii_control()));
            }
        }
    }
}
