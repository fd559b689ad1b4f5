//! What one command prepares for a later one: `REST`, `ALLO` and `RNFR`, and how long they stand
//! (RFC 959 §4.1.3, RFC 3659 §5).

use crate::model::VirtualPath;
use crate::proto::command::Spec;

/// What stands for a later command, and what was handed to the command under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    prepared: Pending,
    taken: Pending,
}

#[derive(Clone, Debug, Default)]
struct Pending {
    /// `REST`, in bytes.
    restart: u64,
    /// `ALLO`, in bytes.
    allocation: Option<u64>,
    /// `RNFR`.
    rename_from: Option<VirtualPath>,
}

impl Standing {
    /// Hands what stands to the command that consumes it, whatever becomes of that command, and
    /// drops what may not stand beyond it. `spec` is `None` for an unknown verb.
    pub(super) fn pass_on(&mut self, spec: Option<&Spec>, keeps_restart: bool) {
        self.taken = Pending::default();
        let verb = spec.map(Spec::verb).unwrap_or_default();
        if spec.is_some_and(|spec| spec.opens_data) {
            self.taken.allocation = self.prepared.allocation.take();
            self.taken.restart = self.prepared.restart;
        }
        if verb == "RNTO" {
            self.taken.rename_from = self.prepared.rename_from.take();
        }
        if verb != "NOOP" {
            self.prepared.rename_from = None;
        }
        if !keeps_restart {
            self.prepared.restart = 0;
        }
    }

    pub(super) fn restart_at(&mut self, offset: u64) {
        self.prepared.restart = offset;
    }

    pub(super) fn announce(&mut self, bytes: u64) {
        self.prepared.allocation = Some(bytes);
    }

    pub(super) fn rename_from(&mut self, path: VirtualPath) {
        self.prepared.rename_from = Some(path);
    }

    pub(super) fn take_restart(&mut self) -> u64 {
        std::mem::take(&mut self.taken.restart)
    }

    pub(super) fn take_allocation(&mut self) -> Option<u64> {
        self.taken.allocation.take()
    }

    pub(super) fn take_rename_from(&mut self) -> Option<VirtualPath> {
        self.taken.rename_from.take()
    }

    /// Whether the command under way has something to rename.
    pub(super) fn renames(&self) -> bool {
        self.taken.rename_from.is_some()
    }
}
