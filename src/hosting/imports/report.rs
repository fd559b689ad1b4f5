//! What became of every account of a file.

use super::record::{Place, RowRefusal};

/// A field that differs: its name, what is there, what the file wants.
pub type Change = (String, String, String);

/// What became of one account, or would.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was made. Its home, inside the data folder; empty in a rehearsal.
    Created {
        /// The folder, relative.
        home: String,
    },
    /// It was there and was changed.
    Changed(Vec<Change>),
    /// It is there, and would be changed if that had been asked for.
    Differs(Vec<Change>),
    /// It is there, and everything is as the file wants it.
    Unchanged,
    /// It is not taken over.
    Refused(RowRefusal),
}

/// One account of a file, and what became of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowResult {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Its folder on the other server; empty if the file does not tell.
    pub old_home: String,
    /// What is not taken over, in sentences.
    pub told: Vec<String>,
}

/// How many became what.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Made.
    pub created: u64,
    /// Changed.
    pub changed: u64,
    /// Left, though they differ.
    pub differing: u64,
    /// As they should be.
    pub unchanged: u64,
    /// Not taken over.
    pub refused: u64,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Progress {
    /// Accounts of the file that are done.
    pub done: usize,
    /// Accounts of the file.
    pub total: usize,
}

/// What became of a file.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Every account that was looked at, in the order of the file.
    pub rows: Vec<RowResult>,
    /// Customers that were made.
    pub new_customers: Vec<String>,
    /// Whether it was stopped before its end.
    pub is_cancelled: bool,
}

impl Counts {
    /// Counts `rows` more with the outcome that has this word; one without a word is none yet.
    pub(super) fn add(&mut self, outcome: &str, rows: u64) {
        *match outcome {
            "created" => &mut self.created,
            "changed" => &mut self.changed,
            "differs" => &mut self.differing,
            "unchanged" => &mut self.unchanged,
            "refused" => &mut self.refused,
            _ => return,
        } += rows;
    }

    /// Each that is not zero, with the words for it.
    pub fn words(self) -> Vec<(u64, &'static str)> {
        let all = [
            (self.created, "created"),
            (self.changed, "changed"),
            (self.differing, "different and left"),
            (self.unchanged, "unchanged"),
            (self.refused, "refused"),
        ];
        all.into_iter().filter(|(count, _)| *count > 0).collect()
    }

    /// All of them in words: `12 created · 3 refused`.
    pub fn sum(self) -> String {
        let words = self.words();
        let words: Vec<_> = words
            .iter()
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        words.join(" · ")
    }
}

impl Outcome {
    /// One word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Changed(_) => "changed",
            Self::Differs(_) => "differs",
            Self::Unchanged => "unchanged",
            Self::Refused(_) => "refused",
        }
    }

    /// Why, or which fields; empty if there is nothing to say.
    pub fn detail(&self) -> String {
        match self {
            Self::Created { .. } | Self::Unchanged => String::new(),
            Self::Changed(changes) | Self::Differs(changes) => {
                let words = changes.iter().map(|(field, before, after)| {
                    let shown =
                        |text: &str| if text.is_empty() { "nothing" } else { text }.to_owned();
                    format!("{field}: {} → {}", shown(before), shown(after))
                });
                words.collect::<Vec<_>>().join("; ")
            }
            Self::Refused(refusal) => refusal.to_string(),
        }
    }
}

impl Report {
    /// How many became what.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in &self.rows {
            counts.add(row.outcome.as_str(), 1);
        }
        counts
    }
}
