//! What came of a job.

/// What came of a job.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct JobReport {
    /// A sentence.
    pub result: String,
    /// Figures that explain it: name and value.
    pub facts: Vec<(String, String)>,
}
