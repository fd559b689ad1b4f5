//! What uploads bring: text that says at every place who wrote it, how long it is and where in it
//! one is, so that a torn, mixed or shortened file is recognised.

use std::io::Write as _;

/// So many bytes tell which upload it is, and how long it was meant to be.
pub(super) const HEAD: usize = 21;
const LINE: usize = 256;
/// Stands at the beginning of every upload and nowhere else.
const BEGINNING: u8 = b'^';

/// A run of bytes in a file that one upload brought, from its first byte on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Piece {
    /// Which one; `None` if not enough is left to tell.
    pub(super) upload: Option<usize>,
    pub(super) length: usize,
}

/// What the upload with this number brings.
pub(super) fn text(upload: usize, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length + LINE);
    while text.len() < length {
        let at = text.len();
        let mark = if at == 0 { char::from(BEGINNING) } else { '|' };
        write!(text, "{mark}{upload:08} of {length:08} at {at:08} ").expect("memory");
        let letter = u8::try_from((upload + at / LINE) % 26).expect("a letter");
        text.resize(at + LINE - 1, b'a' + letter);
        text.push(b'\n');
    }
    text.truncate(length);
    text
}

/// The pieces of a file, in order.
///
/// # Errors
///
/// Says what no upload can have brought in this way.
pub(super) fn pieces(file: &[u8]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = file;
    while let Some((first, behind)) = rest.split_first() {
        if *first != BEGINNING {
            return Err(format!("{} begins in the middle", shown(rest)));
        }
        let end = behind.iter().position(|byte| *byte == BEGINNING);
        let (piece, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        pieces.push(read(piece)?);
        rest = behind;
    }
    Ok(pieces)
}

/// What is left of `pieces` in front of `offset`.
pub(super) fn cut(pieces: &[Piece], offset: usize) -> Vec<Piece> {
    let mut at = 0;
    let mut left = Vec::new();
    for piece in pieces {
        let length = piece.length.min(offset - at);
        if length == 0 {
            break;
        }
        let upload = piece.upload.filter(|_| length >= HEAD);
        left.push(Piece { upload, length });
        at += length;
    }
    left
}

/// Bytes of all pieces together.
pub(super) fn length(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| piece.length).sum()
}

fn read(bytes: &[u8]) -> Result<Piece, String> {
    let length = bytes.len();
    if length < HEAD {
        let upload = None;
        return Ok(Piece { upload, length });
    }
    let number = |from: usize| {
        let digits = bytes.get(from..from + 8)?;
        std::str::from_utf8(digits).ok()?.parse::<usize>().ok()
    };
    let (Some(upload), Some(meant)) = (number(1), number(HEAD - 8)) else {
        return Err(format!("{} is nobody's", shown(bytes)));
    };
    let whole = text(upload, meant);
    match whole.get(..length) {
        Some(brought) if brought == bytes => Ok(Piece {
            upload: Some(upload),
            length,
        }),
        _ => Err(format!(
            "upload {upload} did not bring {length} bytes beginning with {}",
            shown(bytes)
        )),
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)).into_owned()
}

#[test]
fn what_uploads_brought_is_recognised_wherever_it_is_cut() {
    let (first, second) = (text(7, 1_000), text(8, 300));
    let file = [&first[..700], &second].concat();

    let read = pieces(&file).unwrap();

    let brought = |upload, length| Piece {
        upload: Some(upload),
        length,
    };
    assert_eq!(read, [brought(7, 700), brought(8, 300)]);
    assert_eq!(cut(&read, 900), [brought(7, 700), brought(8, 200)]);
    assert_eq!(pieces(&file[..900]).unwrap(), cut(&read, 900));
    assert_eq!(pieces(&file[..705]).unwrap(), cut(&read, 705));
}

#[test]
fn a_torn_or_mixed_file_is_recognised() {
    let (first, second) = (text(7, 1_000), text(8, 1_000));
    let mixed = [&first[..512], &second[512..]].concat();
    let hole = [&first[..512], &first[768..]].concat();

    assert!(pieces(&mixed).is_err());
    assert!(pieces(&hole).is_err());
    assert!(pieces(&first[1..]).is_err());
}
