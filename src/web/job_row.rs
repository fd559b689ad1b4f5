//! A job in words, for every page that shows some.

use super::format::{Count, Span, When, plural};
use super::table::encoded;
use crate::clock::Timestamp;
use crate::model::{Job, JobKind, JobState, Progress};

/// A job as a page prints it.
#[derive(Clone, Debug)]
pub(crate) struct JobRow {
    /// The page of the job.
    pub(crate) url: String,
    /// The page with what became of each thing it is about; empty if there is none.
    pub(crate) each: String,
    /// The page that asks before it is begun again; empty if nothing need be asked.
    pub(crate) ask_url: String,
    /// What it does: `Recount storage`.
    pub(crate) kind: &'static str,
    /// What it is about; may be empty.
    pub(crate) subject: String,
    /// Who wanted it.
    pub(crate) actor: String,
    /// How far it is, in a word.
    pub(crate) state: &'static str,
    /// Class of the badge: `ok`, `bad`, `warn`, `info` or empty.
    pub(crate) badge: &'static str,
    /// Whether it waits or runs.
    pub(crate) is_active: bool,
    /// Whether it runs.
    pub(crate) is_running: bool,
    /// `42 %`; empty where the whole is not known.
    pub(crate) percent: String,
    /// Width of the bar, of 100.
    pub(crate) width: u64,
    /// `120 of 300 files`, `120 files so far`; empty before it began.
    pub(crate) progress: String,
    /// What came of it, or what it waits for.
    pub(crate) result: String,
    /// Figures that explain the result.
    pub(crate) facts: Vec<(String, String)>,
    /// What it said.
    pub(crate) log: Vec<(When, String)>,
    /// When it was wanted.
    pub(crate) created: When,
    /// When it began.
    pub(crate) started: Option<When>,
    /// When it was over.
    pub(crate) ended: Option<When>,
    /// How long it took, or has taken so far; empty before it began.
    pub(crate) took: String,
}

impl JobRow {
    /// The job on a page made at `now`.
    pub(crate) fn new(job: &Job, now: When) -> Self {
        let is_running = job.state == JobState::Running;
        let percent = job.progress.percent().filter(|_| job.started_at.is_some());
        Self {
            url: format!("/admin/jobs/{}", job.id),
            each: each(job),
            ask_url: ask_url(job),
            kind: job.kind.label(),
            subject: job.subject.clone(),
            actor: job.actor.clone(),
            state: state_words(job),
            badge: badge(job.state),
            is_active: !job.state.is_over(),
            is_running,
            percent: percent
                .map(|percent| format!("{percent} %"))
                .unwrap_or_default(),
            width: percent.unwrap_or(if is_running { 100 } else { 0 }),
            progress: progress_words(job),
            result: result_words(job),
            facts: job.facts.clone(),
            log: job
                .log
                .lines()
                .map(|(at, line)| (now.of(*at), line.clone()))
                .collect(),
            created: now.of(job.created_at),
            started: job.started_at.map(|at| now.of(at)),
            ended: job.ended_at.map(|at| now.of(at)),
            took: took(job, now.at()),
        }
    }
}

fn each(job: &Job) -> String {
    match job.kind {
        JobKind::CheckImport | JobKind::Import => {
            format!("/admin/accounts/import/{}", encoded(&job.subject_id))
        }
        JobKind::Discard | JobKind::Purge | JobKind::Recount | JobKind::Restore => String::new(),
    }
}

fn ask_url(job: &Job) -> String {
    match job.kind {
        JobKind::Discard | JobKind::Recount => String::new(),
        JobKind::CheckImport | JobKind::Import => each(job),
        JobKind::Purge => format!("/admin/trash/{}/purge", job.subject_id),
        JobKind::Restore => format!("/admin/trash/{}/restore", job.subject_id),
    }
}

fn state_words(job: &Job) -> &'static str {
    if job.is_cancelled && job.state == JobState::Running {
        return "Stopping";
    }
    job.state.label()
}

fn badge(state: JobState) -> &'static str {
    match state {
        JobState::Queued => "",
        JobState::Running => "info",
        JobState::Done => "ok",
        JobState::Failed => "bad",
        JobState::Cancelled => "warn",
    }
}

fn progress_words(job: &Job) -> String {
    let Progress { done, total, unit } = job.progress;
    if job.started_at.is_none() || (done == 0 && total.is_none()) {
        return String::new();
    }
    let words = unit.label();
    let one = words.strip_suffix('s').unwrap_or(words);
    match job.progress.whole() {
        Some(total) => format!("{} of {}", Count(done), plural(total, one, words)),
        None => format!("{} so far", plural(done, one, words)),
    }
}

fn result_words(job: &Job) -> String {
    match job.state {
        JobState::Queued => {
            "It waits for its turn; the server begins it within a second.".to_owned()
        }
        JobState::Running if job.is_cancelled => "It stops after this step.".to_owned(),
        JobState::Running => String::new(),
        JobState::Done | JobState::Failed | JobState::Cancelled => job.result.clone(),
    }
}

fn took(job: &Job, now: Timestamp) -> String {
    let Some(started) = job.started_at else {
        return String::new();
    };
    Span(job.ended_at.unwrap_or(now).since(started)).to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::{JobId, JobLog, JobUnit};
    use crate::web::sample_records::HOSTILE;

    /// A job in that state, half done.
    pub(crate) fn job(state: JobState) -> Job {
        let begun = Timestamp::from_seconds(1_773_322_100);
        let mut log = JobLog::default();
        log.push(begun, HOSTILE);
        Job {
            id: JobId::from_parts(7, [7; 10]),
            kind: JobKind::Purge,
            subject: HOSTILE.to_owned(),
            subject_id: "0195".to_owned(),
            spec: "{}".to_owned(),
            actor: "Jonas Weber".to_owned(),
            state,
            is_cancelled: false,
            progress: Progress {
                done: 1_200,
                total: Some(2_400),
                unit: JobUnit::Files,
            },
            result: "The files are gone for good.".to_owned(),
            facts: vec![("Files removed".to_owned(), "2400".to_owned())],
            log,
            created_at: begun,
            started_at: (state != JobState::Queued).then_some(begun),
            ended_at: state
                .is_over()
                .then(|| begun.plus(std::time::Duration::from_mins(2))),
            version: 1,
        }
    }

    fn row(job: &Job) -> JobRow {
        let now = Timestamp::from_seconds(1_773_322_328);
        JobRow::new(job, When::new(now, now))
    }

    #[test]
    fn a_running_job_says_how_far_it_is() {
        let row = row(&job(JobState::Running));

        assert_eq!((row.percent.as_str(), row.width), ("50 %", 50));
        assert_eq!(row.progress, "1,200 of 2,400 files");
        assert_eq!(row.took, "3\u{a0}min 48\u{a0}s");
    }

    #[test]
    fn a_job_that_waits_promises_nothing() {
        let row = row(&job(JobState::Queued));

        assert_eq!(
            (row.percent.as_str(), row.width, row.took.as_str()),
            ("", 0, "")
        );
        assert!(row.is_active && !row.is_running);
    }

    #[test]
    fn a_job_of_unknown_length_counts_upwards() {
        let mut unknown = job(JobState::Running);
        unknown.progress.total = None;
        unknown.progress.done = 1;

        assert_eq!(row(&unknown).progress, "1 file so far");
    }

    #[test]
    fn a_job_that_was_asked_to_stop_says_so() {
        let mut stopping = job(JobState::Running);
        stopping.is_cancelled = true;

        assert_eq!(row(&stopping).state, "Stopping");
    }
}
