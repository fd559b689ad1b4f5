//! Every upload that was ever begun and what its client heard of it; and what a file may show after
//! all that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use super::content::{Piece, pieces};
use crate::support::disk;

/// Where an upload begins in its file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    /// `STOR`, `STOU`: a whole file.
    Whole,
    /// `REST` and `STOR`.
    At(usize),
    /// `APPE`.
    End,
}

/// What became of an upload, as far as its client knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    Running,
    /// The client read 226 at that moment.
    Stored(Instant),
    /// The client read a refusal.
    Refused,
    /// The client broke it off.
    BrokenOff,
    /// The server died before it answered.
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) account: usize,
    /// As the journal tells it.
    pub(super) path: String,
    pub(super) mode: Mode,
    pub(super) length: usize,
    /// Bytes that the client sends at most.
    pub(super) sent: usize,
    /// Whether the client is going to break it off.
    pub(super) is_broken_off: bool,
    pub(super) fate: Fate,
}

/// What the server may do with interrupted uploads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interrupted {
    Kept,
    Discarded,
}

pub(super) struct Chronicle {
    interrupted: Interrupted,
    uploads: Mutex<Vec<Upload>>,
}

impl Chronicle {
    pub(super) fn new(interrupted: Interrupted) -> Self {
        Self {
            interrupted,
            uploads: Mutex::default(),
        }
    }

    pub(super) fn keeps_parts(&self) -> bool {
        self.interrupted == Interrupted::Kept
    }

    /// Notes an upload before the server hears of it; tells its number.
    pub(super) fn begin(&self, upload: Upload) -> usize {
        let mut uploads = self.lock();
        uploads.push(upload);
        uploads.len() - 1
    }

    pub(super) fn end(&self, number: usize, fate: Fate) {
        self.lock()[number].fate = fate;
    }

    /// Notes the name that the server has chosen.
    pub(super) fn name(&self, number: usize, path: String) {
        self.lock()[number].path = path;
    }

    /// The server is dead: nobody hears any more of what was running. Tells of how many.
    pub(super) fn lose(&self) -> usize {
        let mut uploads = self.lock();
        let running = uploads
            .iter_mut()
            .filter(|upload| upload.fate == Fate::Running);
        running.map(|upload| upload.fate = Fate::Unknown).count()
    }

    /// Uploads so far.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// All uploads from this number on.
    pub(super) fn since(&self, number: usize) -> Vec<Upload> {
        self.lock()[number..].to_vec()
    }

    /// Judges a file as somebody reads it.
    ///
    /// # Errors
    ///
    /// Says what it cannot be.
    pub(super) fn judge(&self, account: usize, file: &[u8]) -> Result<Vec<Piece>, String> {
        let pieces = pieces(file)?;
        let mut at = 0;
        for piece in &pieces {
            self.judge_piece(account, *piece, at)
                .map_err(|wrong| format!("{wrong}; {piece:?} at {at} of {pieces:?}"))?;
            at += piece.length;
        }
        Ok(pieces)
    }

    /// Judges all files of a home while nothing is uploaded: none shows what it may not, and nothing
    /// of what was brought once stands there twice.
    pub(super) fn judge_home(&self, account: usize, home: &Path) {
        let mut seen = BTreeSet::new();
        for path in disk::files(home) {
            let file = std::fs::read(&path).expect("a file");
            let pieces = self.judge(account, &file);
            let pieces = pieces.unwrap_or_else(|wrong| panic!("{}: {wrong}", path.display()));
            for upload in pieces.iter().filter_map(|piece| piece.upload) {
                assert!(seen.insert(upload), "{upload} is in two files: {path:?}");
            }
        }
    }

    fn judge_piece(&self, account: usize, piece: Piece, at: usize) -> Result<(), String> {
        let uploads = self.lock();
        let end = at + piece.length;
        let is_cut = uploads
            .iter()
            .any(|upload| upload.account == account && upload.mode == Mode::At(end));
        let Some(number) = piece.upload else {
            return told(is_cut || self.keeps_parts(), "a crumb");
        };
        let upload = uploads.get(number).ok_or("an upload that never was")?;
        told(upload.account == account, "another account's bytes")?;
        let is_placed = match upload.mode {
            Mode::Whole => at == 0,
            Mode::At(offset) => at == offset,
            Mode::End => true,
        };
        told(is_placed, "an upload at the wrong place")?;
        let is_whole = piece.length == upload.length;
        let may_be_part = match upload.fate {
            Fate::Stored(_) => false,
            Fate::Refused => return Err("an upload that was refused".to_owned()),
            // Continued files show what has arrived; and the server may have heard that an upload was
            // broken off before it died.
            Fate::Running | Fate::Unknown => {
                upload.mode != Mode::Whole || self.keeps_parts() && upload.is_broken_off
            }
            Fate::BrokenOff if self.keeps_parts() => true,
            Fate::BrokenOff => return Err("an upload that was broken off".to_owned()),
        };
        told(piece.length <= upload.sent, "more than was sent")?;
        told(is_whole || may_be_part || is_cut, "a part of a file")
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Upload>> {
        self.uploads.lock().expect("nobody panics with the lock")
    }
}

/// How often which upload was stored: account, path and bytes.
pub(super) type Deliveries = BTreeMap<(usize, String, u64), usize>;

/// Uploads among `uploads` that pass `counts`, by account, path and bytes.
pub(super) fn deliveries(uploads: &[Upload], counts: impl Fn(&Upload) -> bool) -> Deliveries {
    let mut deliveries = Deliveries::new();
    for upload in uploads.iter().filter(|upload| counts(upload)) {
        let key = (upload.account, upload.path.clone(), upload.length as u64);
        *deliveries.entry(key).or_default() += 1;
    }
    deliveries
}

/// What a session knows of a file that nobody else touches.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// It is not there, or is this.
    Surely(Option<Vec<Piece>>),
    /// It is one of these …
    Perhaps {
        candidates: Vec<Option<Vec<Piece>>>,
        /// … or begins with this, and a part of an upload follows.
        part: Option<(Vec<Piece>, usize)>,
    },
}

impl Known {
    /// What it is now, `file` being what stands there.
    pub(super) fn settle(&mut self, file: Option<&[u8]>) -> Result<(), String> {
        let found = file.map(pieces).transpose()?;
        let is_right = match self {
            Self::Surely(known) => *known == found,
            Self::Perhaps { candidates, part } => {
                let part = part.as_ref();
                candidates.contains(&found)
                    || part.is_some_and(|(base, upload)| continues(found.as_deref(), base, *upload))
            }
        };
        if !is_right {
            return Err(format!("{found:?} stands there, {self:?} was expected"));
        }
        *self = Self::Surely(found);
        Ok(())
    }
}

fn continues(found: Option<&[Piece]>, base: &[Piece], upload: usize) -> bool {
    let Some((last, before)) = found.and_then(<[Piece]>::split_last) else {
        return false;
    };
    before == base && last.upload.is_none_or(|number| number == upload)
}

/// A file of one upload; an empty one has no piece.
pub(super) fn followed(base: &[Piece], upload: usize, bytes: usize) -> Vec<Piece> {
    let piece = Piece {
        upload: Some(upload),
        length: bytes,
    };
    let is_anything = bytes > 0;
    base.iter()
        .copied()
        .chain(is_anything.then_some(piece))
        .collect()
}

fn told(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}
