//! `job list|show|cancel|again`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use super::console;
use crate::app::Office;
use crate::clock::SystemClock;
use crate::hosting::jobs::JobError;
use crate::model::{Actor, Job, JobId, JobKind, JobQuery, JobState};
use crate::settings::Boot;

/// Shows and cancels jobs: work that the running server does in the background.
#[derive(Debug, clap::Subcommand)]
pub(super) enum JobCommand {
    /// Lists jobs, the latest first.
    List {
        /// Only those that are so far: queued, running, done, failed or cancelled.
        #[arg(long, value_parser = state)]
        state: Option<JobState>,
        /// Most lines.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000))]
        limit: u64,
    },
    /// Shows one job with its figures and its log.
    Show {
        /// The id, as `job list` prints it.
        id: JobId,
    },
    /// Starts the work of a job that failed or was cancelled once more.
    Again {
        /// The id, as `job list` prints it.
        id: JobId,
        /// Do it without asking again, if it removes something.
        #[arg(long)]
        yes: bool,
    },
    /// Ends a job that waits; one that runs stops after its current step, within a second or two.
    Cancel {
        /// The id, as `job list` prints it.
        id: JobId,
    },
}

/// How long a running server may take to begin.
const BEGUN_WITHIN: Duration = Duration::from_secs(10);
/// The job is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl JobCommand {
    pub(super) async fn run(self, boot: &Boot) -> anyhow::Result<ExitCode> {
        let office = Office::open(boot, Arc::new(SystemClock)).await?;
        match self {
            Self::List { state, limit } => list(&office, state, limit).await?,
            Self::Show { id } => {
                let job = office.jobs.get(id).await;
                print(&job.with_context(|| format!("job {id}"))?);
            }
            Self::Again { id, yes } => again(&office, id, yes).await?,
            Self::Cancel { id } => match office.jobs.cancel(&Actor::command_line(), id).await {
                Err(JobError::Over) => console::say("The job is over already."),
                outcome => {
                    outcome.with_context(|| format!("job {id}"))?;
                    console::say("The job stops after its current step.");
                }
            },
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn again(office: &Office, id: JobId, yes: bool) -> anyhow::Result<()> {
    let actor = Actor::command_line();
    let job = office.jobs.get(id).await;
    let job = job.with_context(|| format!("job {id}"))?;
    let begun = match job.kind {
        JobKind::CheckImport | JobKind::Import => {
            bail!("open the import in the browser: it goes on with what is left")
        }
        JobKind::Restore => bail!(
            "use `trash restore {}`: it asks under which name",
            job.subject_id
        ),
        JobKind::Discard | JobKind::Recount => office.jobs.again(&actor, id).await,
        JobKind::Purge => {
            if !yes {
                bail!(
                    "this removes the files of {} for good; say so with --yes",
                    job.subject
                );
            }
            let purge = office.trash.purge(&actor, job.subject_id.parse()?).await;
            let begun = purge.with_context(|| format!("files of {}", job.subject))?;
            console::say(&format!("The running server does it as job {}.", begun.id));
            return Ok(());
        }
    };
    let begun = begun.with_context(|| format!("job {id}"))?;
    console::say(&format!("The running server does it as job {}.", begun.id));
    Ok(())
}

fn state(text: &str) -> Result<JobState, String> {
    JobState::from_name(text)
        .ok_or_else(|| "use queued, running, done, failed or cancelled".to_owned())
}

async fn list(office: &Office, state: Option<JobState>, limit: u64) -> anyhow::Result<()> {
    let query = JobQuery {
        state,
        limit,
        ..JobQuery::default()
    };
    let jobs = office.jobs.page(&query).await?;
    console::say(&format!(
        "{:<36}  {:<10} {:<10} {:>6}  SUBJECT",
        "ID", "KIND", "STATE", "DONE"
    ));
    for job in jobs {
        let percent = job.progress.percent().filter(|_| job.started_at.is_some());
        let percent = percent
            .map(|percent| format!("{percent} %"))
            .unwrap_or_default();
        let (id, kind, state) = (job.id.to_string(), job.kind.as_str(), job.state.as_str());
        let subject = job.subject;
        console::say(&format!(
            "{id:<36}  {kind:<10} {state:<10} {percent:>6}  {subject}"
        ));
    }
    Ok(())
}

/// Waits until the running server has done the job, and prints what came of it.
pub(super) async fn wait(office: &Office, id: JobId) -> anyhow::Result<ExitCode> {
    let mut waited = Duration::ZERO;
    loop {
        let found = office.jobs.get(id).await?;
        if found.state.is_over() {
            print(&found);
            let is_done = found.state == JobState::Done;
            return Ok(if is_done {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        if found.state == JobState::Queued && waited >= BEGUN_WITHIN {
            console::complain("No server has begun it; it is done as soon as one runs.");
            return Ok(ExitCode::FAILURE);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        waited += LOOK_EVERY;
    }
}

/// Prints everything that is known of a job.
pub(super) fn print(job: &Job) {
    let what = job.kind.label();
    console::say(&format!("{what}: {} ({})", job.subject, job.state.as_str()));
    console::say(&format!("Wanted by {}", job.actor));
    let (done, unit) = (job.progress.done, job.progress.unit.label());
    match job.progress.total {
        Some(total) => console::say(&format!("{done} of {total} {unit}")),
        None if done > 0 => console::say(&format!("{done} {unit}")),
        None => {}
    }
    if !job.result.is_empty() {
        console::say(&job.result);
    }
    for (name, value) in &job.facts {
        console::say(&format!("  {name}: {}", value.replace('\u{a0}', " ")));
    }
    for (_, line) in job.log.lines() {
        console::say(&format!("  - {line}"));
    }
}
