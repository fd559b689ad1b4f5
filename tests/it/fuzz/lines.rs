//! Line assembly and the Telnet filter, beside a second way of doing both that looks at all bytes at
//! once.

use quaymaster::proto::{LineBuffer, LineError};

use super::feed::{Feed, run};

const FRAGMENTS: [&[u8]; 22] = [
    b"\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\x7f",
    b" ",
    b"NOOP",
    b"USER anonymous",
    b"CWD ../..",
    b"GET",
    b"get / HTTP/1.1\r\nHost: x\r\n",
    b"ehlo me\n",
    b"SSH-2.0-x",
    b"\x16\x03",
    b"\n\x16\x03\x01\x02",
    b"\xc3\xbc",
    b"\xc3",
    b"\xe2\x80\xae",
    b"\xf0\x9f\x98\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
];

const TELNET: [&[u8]; 14] = [
    b"\xff",
    b"\xff\xff",
    b"\xff\xf4\xff\xf2",
    b"\xff\xf1",
    b"\xff\xfb\x01",
    b"\xff\xfd",
    b"\xff\xfe\r",
    b"\xff\xfc\n",
    b"\xff\xfa\x18\0\xff\xf0",
    b"\xff\n",
    b"\xff\xef",
    b"ABOR",
    b"\r\n",
    b"\n",
];

/// What the server reads at most without asking for lines.
const LONGEST_PIECE: usize = 5_000;

#[test]
fn lines_are_what_they_are_however_they_are_cut() {
    run("line assembly", |feed| {
        let mut bytes = feed.bytes(&FRAGMENTS, 12);
        lengthen(feed, &mut bytes);
        bytes.retain(|byte| *byte != 0xff);

        check(feed, &bytes, &bytes);
    });
}

#[test]
fn telnet_leaves_no_trace_in_a_line() {
    run("telnet filter", |feed| {
        let mut bytes = feed.bytes(&TELNET, 12);
        lengthen(feed, &mut bytes);
        let kept = without_telnet(&bytes);
        check(feed, &bytes, &kept);

        let clean = feed.bytes(&FRAGMENTS, 6);
        let clean: Vec<u8> = clean.into_iter().filter(|byte| *byte != 0xff).collect();
        let mut woven = Vec::new();
        for byte in &clean {
            match feed.below(8) {
                0 => woven.extend([0xff, 0xf0 + feed.byte() % 11]),
                1 => woven.extend([0xff, 0xfb + feed.byte() % 4, feed.byte()]),
                _ => {}
            }
            woven.push(*byte);
        }
        check(feed, &woven, &clean);
    });
}

/// Now and then a run that is about as long as a line may be.
fn lengthen(feed: &mut Feed, bytes: &mut Vec<u8>) {
    if feed.one_in(50) {
        let run = LineBuffer::LIMIT_BYTES - 12 + feed.below(24);
        let at = feed.below(bytes.len() + 1);
        bytes.splice(at..at, std::iter::repeat_n(b'x', run));
    }
}

/// Feeds `bytes` at once and in pieces: both are the lines of `kept`, and what comes behind is
/// understood.
fn check(feed: &mut Feed, bytes: &[u8], kept: &[u8]) {
    let expected = lines_of(kept);
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let most = rest.len().min(LONGEST_PIECE);
        let length = 1 + if feed.one_in(4) { 0 } else { feed.below(most) };
        let (piece, behind) = rest.split_at(length);
        pieces.push(piece);
        rest = behind;
    }
    let mut buffer = LineBuffer::new();
    assert_eq!(read(&mut buffer, &[bytes]), expected, "{bytes:02x?}");
    let mut buffer = LineBuffer::new();
    assert_eq!(read(&mut buffer, &pieces), expected, "{pieces:02x?}");

    // The first end may be the option of a sequence that was cut.
    let behind = read(&mut buffer, &[b"\n\nNOOP\r\n"]);
    assert_eq!(behind.last(), Some(&Ok("NOOP".to_owned())), "{bytes:02x?}");
    assert!(behind.len() <= 2 && buffer.is_empty(), "{bytes:02x?}");
}

/// Takes every line as soon as it is there.
fn read(buffer: &mut LineBuffer, pieces: &[&[u8]]) -> Vec<Result<String, LineError>> {
    let mut lines = Vec::new();
    for piece in pieces {
        buffer.extend(piece);
        while let Some(line) = buffer.next_line() {
            lines.push(line.map(|line| {
                assert_eq!(line.len_bytes(), line.as_str().len());
                assert!(line.len_bytes() < LineBuffer::LIMIT_BYTES);
                assert!(!line.as_str().contains(['\r', '\n', '\0']));
                line.as_str().to_owned()
            }));
        }
    }
    lines
}

/// The lines of bytes without Telnet.
fn lines_of(bytes: &[u8]) -> Vec<Result<String, LineError>> {
    let mut parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let unfinished = parts.pop().unwrap_or_default();
    let finished = parts.into_iter().filter_map(|part| {
        let of_line = part.strip_suffix(b"\r").unwrap_or(part);
        spoiled(part).map(Err).or_else(|| line_of(of_line))
    });
    finished.chain(spoiled(unfinished).map(Err)).collect()
}

/// What is wrong with a line before its end has come.
fn spoiled(part: &[u8]) -> Option<LineError> {
    if part.starts_with(b"\x16\x03") {
        Some(LineError::TlsHello)
    } else {
        (part.len() >= LineBuffer::LIMIT_BYTES).then_some(LineError::TooLong)
    }
}

fn line_of(part: &[u8]) -> Option<Result<String, LineError>> {
    let verbs = "connect delete ehlo get head helo options patch post put trace";
    let verb = part
        .split(|byte| *byte == b' ')
        .next()?
        .to_ascii_lowercase();
    if part.is_empty() {
        return None;
    }
    let is_foreign = verbs.split(' ').any(|foreign| verb == foreign.as_bytes());
    if is_foreign || part.starts_with(b"SSH-") {
        return Some(Err(LineError::Http));
    }
    if part.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
        return Some(Err(LineError::IllegalCharacter));
    }
    let text = String::from_utf8(part.to_vec());
    Some(text.map_err(|_| LineError::NotUtf8))
}

/// What RFC 854 leaves of bytes; an `IAC` that begins no sequence stays.
fn without_telnet(mut bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = match (first, rest) {
            (0xff, []) => rest,
            (0xff, [0xff, behind @ ..]) => {
                kept.push(0xff);
                behind
            }
            (0xff, [0xfb..=0xfe, behind @ ..]) => behind.get(1..).unwrap_or_default(),
            (0xff, [0xf0..=0xfa, behind @ ..]) => behind,
            (byte, rest) => {
                kept.push(*byte);
                rest
            }
        };
    }
    kept
}
