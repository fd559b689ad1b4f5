//! Replies: a code and text, encoded so that no text can ever forge a second reply
//! (RFC 959 §4.2, RFC 1123 §4.1.2.10).

use std::fmt;

use bytes::{BufMut, BytesMut};

/// An answer on the control connection.
///
/// Its lines hold no control character, so CR, LF and NUL cannot occur; an inner line never looks
/// like a reply of its own. Build it with [`Reply::new`], [`Reply::multi`] or [`Reply::listing`].
#[derive(Clone, Eq, PartialEq)]
pub struct Reply {
    code: Code,
    lines: Vec<String>,
    inner: Inner,
}

/// How the lines between the first and the last are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Inner {
    /// After one space, as the other multi-line replies do.
    Indented,
    /// As they are: clients parse the listing inside `STAT path` like that of `LIST`.
    Verbatim,
}

impl Reply {
    /// Longest encoded line in bytes, CR and LF included; longer text is cut.
    pub const LINE_LIMIT_BYTES: usize = 2_048;
    /// Most lines of one reply; of a longer one the lines before the last are dropped.
    pub const LINES_LIMIT: usize = 1_024;

    /// A reply of one line.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            lines: vec![clean(text.into())],
            inner: Inner::Indented,
        }
    }

    /// A reply of several lines: `NNN-first`, ` inner`…, `NNN last`. One line makes a reply of one
    /// line, none an empty text.
    pub fn multi<L: Into<String>>(code: Code, lines: impl IntoIterator<Item = L>) -> Self {
        Self::of(code, lines.into_iter().map(Into::into), Inner::Indented)
    }

    /// Like [`Reply::multi`], but the inner lines are not indented, unless they begin with a digit.
    pub fn listing<L: Into<String>>(code: Code, lines: impl IntoIterator<Item = L>) -> Self {
        Self::of(code, lines.into_iter().map(Into::into), Inner::Verbatim)
    }

    /// The answer to what is known, and not built or switched off.
    pub fn not_implemented() -> Self {
        Self::new(Code::NotImplemented, "Command not implemented.")
    }

    fn of(code: Code, lines: impl Iterator<Item = String>, inner: Inner) -> Self {
        let mut kept: Vec<String> = Vec::new();
        for line in lines {
            if kept.len() >= Self::LINES_LIMIT {
                kept.pop();
            }
            kept.push(clean(line));
        }
        if kept.is_empty() {
            kept.push(String::new());
        }
        Self {
            code,
            lines: kept,
            inner,
        }
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The text of the first line, without the code.
    pub fn text(&self) -> &str {
        self.lines.first().map_or("", String::as_str)
    }

    /// Appends the reply to `out`, every line ending in CR LF.
    pub fn encode(&self, out: &mut BytesMut) {
        let number = self.code.number();
        let last = self.lines.len().saturating_sub(1);
        for (index, line) in self.lines.iter().enumerate() {
            if index == last {
                out.put_slice(format!("{number} ").as_bytes());
            } else if index == 0 {
                out.put_slice(format!("{number}-").as_bytes());
            } else if self.inner == Inner::Indented
                || line.starts_with(|c: char| c.is_ascii_digit())
            {
                out.put_u8(b' ');
            }
            out.put_slice(line.as_bytes());
            out.put_slice(b"\r\n");
        }
    }
}

impl fmt::Debug for Reply {
    /// The first line and how many there are, so that a listing never lands in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({} {:?}", self.code.number(), self.text())?;
        match self.lines.len() {
            0 | 1 => f.write_str(")"),
            count => write!(f, ", {count} lines)"),
        }
    }
}

/// Replaces control characters by `?` and cuts the text so that its line keeps the limit.
fn clean(mut text: String) -> String {
    // "NNN " before and CR LF behind.
    let mut limit = Reply::LINE_LIMIT_BYTES - 6;
    if text.len() > limit {
        while !text.is_char_boundary(limit) {
            limit -= 1;
        }
        text.truncate(limit);
    }
    if text.contains(char::is_control) {
        text = text.replace(char::is_control, "?");
    }
    text
}

/// The reply codes in use, by number.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u16)]
pub enum Code {
    /// A data connection is about to be opened.
    OpeningDataConnection = 150,
    /// Done.
    CommandOkay = 200,
    /// Not needed here.
    Superfluous = 202,
    /// System status, or the list of features.
    SystemStatus = 211,
    /// What is known about a file.
    FileStatus = 213,
    /// Help.
    HelpMessage = 214,
    /// The kind of system.
    SystemType = 215,
    /// Ready for a user.
    ServiceReady = 220,
    /// Goodbye.
    Closing = 221,
    /// There was no transfer to abort.
    NoTransfer = 225,
    /// The transfer is complete, or was aborted as wished.
    TransferComplete = 226,
    /// Where to connect (RFC 959).
    PassiveMode = 227,
    /// Where to connect (RFC 2428).
    ExtendedPassiveMode = 229,
    /// Logged in.
    LoggedIn = 230,
    /// The TLS handshake may begin (RFC 4217).
    SecurityExchangeOkay = 234,
    /// The file or directory was changed.
    FileActionOkay = 250,
    /// A directory was created, or is the current one.
    PathnameCreated = 257,
    /// The user is known; now the password.
    NeedPassword = 331,
    /// The first half of a pair is accepted.
    PendingFurtherInformation = 350,
    /// The server closes the connection.
    ServiceNotAvailable = 421,
    /// No data connection came about.
    CannotOpenDataConnection = 425,
    /// The transfer broke off.
    TransferAborted = 426,
    /// A resource that security needs is missing (RFC 2228).
    ResourceUnavailable = 431,
    /// The file is busy, or an allowance is used up for now.
    FileBusy = 450,
    /// The server failed.
    LocalError = 451,
    /// The disk is full.
    InsufficientStorage = 452,
    /// Unknown verb, or too long a line.
    UnknownCommand = 500,
    /// The argument is wrong.
    BadArgument = 501,
    /// Not built or switched off.
    NotImplemented = 502,
    /// Not in this order.
    BadSequence = 503,
    /// The verb is known, this parameter is not supported.
    ParameterNotImplemented = 504,
    /// The data connection cannot be opened with this `PROT` (RFC 4217 §10.2).
    ProtectionUnacceptable = 521,
    /// Wrong address family (RFC 2428), or TLS failed on the data connection (RFC 4217 §10.2).
    NegotiationFailed = 522,
    /// Log in first.
    NotLoggedIn = 530,
    /// The command needs a protected connection (RFC 2228).
    ProtectionNeeded = 533,
    /// Refused by policy (RFC 2228).
    RefusedByPolicy = 534,
    /// The protection level is not supported (RFC 2228).
    ProtectionUnsupported = 536,
    /// The file or directory cannot be used.
    FileUnavailable = 550,
    /// The quota is exceeded.
    StorageExceeded = 552,
    /// The name is not allowed, or taken.
    NameNotAllowed = 553,
    /// The restart offset does not fit the file (RFC 1123 §4.1.3.4).
    InvalidRestart = 554,
}

impl Code {
    /// The three digits.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Whether the command failed: `4yz` or `5yz`.
    pub const fn is_failure(self) -> bool {
        self.number() >= 400
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(reply: &Reply) -> String {
        let mut out = BytesMut::new();
        reply.encode(&mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn a_reply_of_one_line_is_code_space_text() {
        assert_eq!(
            encoded(&Reply::new(Code::CommandOkay, "NOOP ok.")),
            "200 NOOP ok.\r\n"
        );
    }

    #[test]
    fn a_banner_of_two_lines_has_a_dash_and_a_space() {
        assert_eq!(
            encoded(&Reply::multi(Code::ServiceReady, ["a", "b"])),
            "220-a\r\n220 b\r\n"
        );
        assert_eq!(
            encoded(&Reply::multi(Code::ServiceReady, ["a"])),
            "220 a\r\n"
        );
        assert_eq!(
            encoded(&Reply::multi(Code::ServiceReady, Vec::<String>::new())),
            "220 \r\n"
        );
    }

    #[test]
    fn inner_lines_begin_with_one_space_even_if_they_look_like_a_code() {
        assert_eq!(
            encoded(&Reply::multi(Code::SystemStatus, ["a", "230 root", "b"])),
            "211-a\r\n 230 root\r\n211 b\r\n"
        );
    }

    #[test]
    fn lines_of_a_listing_stay_as_they_are_unless_they_look_like_a_code() {
        assert_eq!(
            encoded(&Reply::listing(
                Code::FileStatus,
                ["a", "-rw-", "213 x", "b"]
            )),
            "213-a\r\n-rw-\r\n 213 x\r\n213 b\r\n"
        );
    }

    #[test]
    fn control_characters_become_question_marks() {
        assert_eq!(
            encoded(&Reply::new(
                Code::FileUnavailable,
                "a\r\n230 b\0\t\u{1b}[m\u{7f}\u{9b}"
            )),
            "550 a??230 b???[m??\r\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let line = encoded(&Reply::new(Code::CommandOkay, "ü".repeat(4_000)));

        assert_eq!(line.len(), Reply::LINE_LIMIT_BYTES);
        assert!(
            encoded(&Reply::new(
                Code::CommandOkay,
                format!("x{}", "ü".repeat(4_000))
            ))
            .len()
                < line.len()
        );
    }

    #[test]
    fn of_too_many_lines_the_last_one_stays() {
        let lines = (0..5_000).map(|number| format!("line {number}"));
        let text = encoded(&Reply::multi(Code::FileStatus, lines));

        assert_eq!(text.lines().count(), Reply::LINES_LIMIT);
        assert!(text.ends_with("\r\n213 line 4999\r\n"));
    }

    #[test]
    fn a_listing_does_not_reach_the_log() {
        let reply = Reply::listing(Code::FileStatus, ["Status of /:", "-rw- secret.txt", "End"]);

        assert_eq!(format!("{reply:?}"), "Reply(213 \"Status of /:\", 3 lines)");
    }

    proptest! {
        #[test]
        fn no_text_can_forge_a_reply(lines in prop::collection::vec(any::<String>(), 0..6), verbatim: bool) {
            let reply = if verbatim {
                Reply::listing(Code::SystemStatus, lines.clone())
            } else {
                Reply::multi(Code::SystemStatus, lines.clone())
            };
            let text = encoded(&reply);
            let written: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();

            prop_assert_eq!(written.len(), lines.len().max(1));
            let (last, before) = written.split_last().unwrap();
            prop_assert!(last.starts_with("211 "));
            for (index, line) in before.iter().enumerate() {
                let looks_like_a_code = line.starts_with(|c: char| c.is_ascii_digit());
                prop_assert_eq!(looks_like_a_code, index == 0);
                prop_assert!(index > 0 || line.starts_with("211-"));
            }
            for line in &written {
                prop_assert!(!line.contains(['\r', '\n', '\0']));
                prop_assert!(line.len() + 2 <= Reply::LINE_LIMIT_BYTES);
            }
        }
    }
}
