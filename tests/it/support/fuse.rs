//! A disk that can be told to hang: a file system of our own (FUSE), mounted over a folder, that
//! answers every call at once or none at all. It knows names, sizes and times; what was written is
//! counted and not kept.

mod tree;
mod wire;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use tree::Tree;
use wire::{Answer, Request};

/// The file system while it is mounted; dropping it lets every call go on and unmounts.
pub(crate) struct HangingDisk {
    folder: PathBuf,
    shared: Arc<Shared>,
}

struct Shared {
    device: File,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tree: Tree,
    is_hanging: bool,
    /// What is asked and not answered.
    waiting: Vec<Vec<u8>>,
}

impl HangingDisk {
    /// Mounts over `folder`, which looks empty from then on.
    ///
    /// # Errors
    ///
    /// What the system says that lets nobody mount, or not us.
    pub(crate) fn over(folder: &Path) -> io::Result<Self> {
        let device = File::options().read(true).write(true).open("/dev/fuse")?;
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0,allow_other\0",
            device.as_raw_fd()
        );
        let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes());
        let options = options.map_err(io::Error::other)?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        mount("hanging", folder, "fuse", flags, options)?;
        let shared = Arc::new(Shared {
            device,
            state: Mutex::default(),
        });
        let disk = Self {
            folder: folder.to_owned(),
            shared: Arc::clone(&shared),
        };
        let server = thread::Builder::new().name("hanging-disk".to_owned());
        server.spawn(move || shared.serve())?;
        Ok(disk)
    }

    /// From now on nothing is answered.
    pub(crate) fn hang(&self) {
        self.shared.lock().is_hanging = true;
    }

    /// Everything is answered again, also what was asked meanwhile.
    pub(crate) fn go_on(&self) {
        let mut state = self.shared.lock();
        state.is_hanging = false;
        for request in std::mem::take(&mut state.waiting) {
            self.shared.answer(&mut state.tree, &request);
        }
    }

    /// Calls that wait for an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }
}

impl Drop for HangingDisk {
    fn drop(&mut self) {
        self.go_on();
        let _gone = unmount(&self.folder, UnmountFlags::DETACH);
    }
}

impl Shared {
    /// Takes requests until the file system is unmounted.
    fn serve(&self) {
        let mut buffer = vec![0; wire::REQUEST_LIMIT_BYTES];
        loop {
            let length = match rustix::io::read(&self.device, &mut buffer) {
                Ok(length) => length,
                // A request that was taken back.
                Err(Errno::NOENT | Errno::INTR) => continue,
                Err(_unmounted) => return,
            };
            let request = buffer.get(..length).unwrap_or_default();
            let mut state = self.lock();
            if state.is_hanging && Request::read(request).is_some_and(|request| request.waits()) {
                state.waiting.push(request.to_vec());
            } else {
                self.answer(&mut state.tree, request);
            }
        }
    }

    fn answer(&self, tree: &mut Tree, request: &[u8]) {
        let Some(request) = Request::read(request) else {
            return;
        };
        let answer = tree.answer(&request);
        if !matches!(answer, Answer::None) {
            // Refused if nobody waits for it any more.
            let _gone = rustix::io::write(&self.device, &answer.encode(&request));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
