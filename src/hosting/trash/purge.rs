//! Removes a tree for good: in steps, so that nobody else waits long for the disk, and as a job, so
//! that it is continued after a service that died in between.

use std::time::Duration;

use crate::hosting::jobs::{JobFailure, JobReport, JobTask};
use crate::hosting::volumes::Volumes;
use crate::model::{ByteSize, JobUnit, Usage};

/// What a job of this kind is to remove.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct PurgeSpec {
    /// Where the tree is, beneath the folder of all homes.
    pub place: String,
    /// Files that it holds, as far as the books know.
    pub files: u64,
}

/// Removes trees.
#[derive(Clone, Debug)]
pub struct Purges {
    volumes: Volumes,
}

impl Purges {
    /// Names that are removed in one step.
    const STEP: usize = 512;
    /// Pause after a step: others get most of the disk's time.
    const PAUSE: Duration = Duration::from_millis(10);
    /// Steps that remove nothing before somebody who keeps filling the tree wins.
    const IDLE_STEPS: u32 = 50;

    /// A remover on these volumes.
    pub fn new(volumes: Volumes) -> Self {
        Self { volumes }
    }

    /// Removes what the job says. What is gone already is no error, so that it can be begun again.
    ///
    /// # Errors
    ///
    /// [`JobFailure`]; what was removed before stays removed.
    pub async fn run(&self, task: &JobTask) -> Result<JobReport, JobFailure> {
        let spec: PurgeSpec = task.spec()?;
        task.expect(Some(spec.files), JobUnit::Files);
        let mut removed = Usage::default();
        let mut idle = 0;
        loop {
            task.check()?;
            let cut = self.volumes.remove_some(&spec.place, Self::STEP).await?;
            removed.bytes = removed.bytes.saturating_add(cut.files.bytes);
            removed.files = removed.files.saturating_add(cut.files.files);
            task.advance(cut.files.files);
            if cut.is_gone {
                return Ok(report(removed));
            }
            idle = if cut.names == 0 { idle + 1 } else { 0 };
            if idle == Self::IDLE_STEPS {
                let words = "Somebody keeps putting files there.";
                return Err(JobFailure::Failed(words.to_owned()));
            }
            task.pause(Self::PAUSE).await?;
        }
    }
}

fn report(removed: Usage) -> JobReport {
    let facts = [
        ("Files removed", removed.files.to_string()),
        ("Space freed", ByteSize(removed.bytes).to_string()),
    ];
    JobReport {
        result: "The files are gone for good.".to_owned(),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
    }
}
