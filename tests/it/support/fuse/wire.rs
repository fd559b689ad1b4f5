//! What the kernel asks a file system, and how it wants to be answered (`linux/fuse.h`, version 7.31).

/// As much as the kernel sends at once: a write of [`WRITE_LIMIT_BYTES`] and its headers.
pub(super) const REQUEST_LIMIT_BYTES: usize = (1 << 17) + 4_096;
/// Longest write.
pub(super) const WRITE_LIMIT_BYTES: u32 = 1 << 17;

/// One request.
pub(super) struct Request<'a> {
    pub(super) operation: u32,
    unique: u64,
    pub(super) node: u64,
    body: &'a [u8],
}

/// What comes back.
pub(super) enum Answer {
    /// The kernel does not wait.
    None,
    Error(rustix::io::Errno),
    Body(Body),
}

/// The fields of an answer, in their order.
#[derive(Default)]
pub(super) struct Body(Vec<u8>);

impl<'a> Request<'a> {
    const HEADER_BYTES: usize = 40;

    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = Request {
            operation: 0,
            unique: 0,
            node: 0,
            body: bytes,
        };
        Some(Self {
            operation: header.number(4),
            unique: header.long(8),
            node: header.long(16),
            body: bytes.get(Self::HEADER_BYTES..)?,
        })
    }

    /// Whether anybody waits for an answer.
    pub(super) fn waits(&self) -> bool {
        ![FORGET, BATCH_FORGET, INTERRUPT].contains(&self.operation)
    }

    /// The number of four bytes at `offset` of the body.
    pub(super) fn number(&self, offset: usize) -> u32 {
        let bytes = self.body.get(offset..offset + 4);
        bytes.map_or(0, |bytes| {
            u32::from_ne_bytes(bytes.try_into().expect("four"))
        })
    }

    /// The number of eight bytes at `offset` of the body.
    pub(super) fn long(&self, offset: usize) -> u64 {
        let bytes = self.body.get(offset..offset + 8);
        bytes.map_or(0, |bytes| {
            u64::from_ne_bytes(bytes.try_into().expect("eight"))
        })
    }

    /// The `index`th text from `offset` of the body on.
    pub(super) fn name(&self, offset: usize, index: usize) -> Vec<u8> {
        let names = self.body.get(offset..).unwrap_or_default();
        let mut names = names.split(|byte| *byte == 0);
        names.nth(index).unwrap_or_default().to_vec()
    }
}

impl Answer {
    /// Nothing but the news that it is done.
    pub(super) fn done() -> Self {
        Self::Body(Body::default())
    }

    pub(super) fn encode(self, request: &Request<'_>) -> Vec<u8> {
        let (error, body) = match self {
            Self::Error(errno) => (-errno.raw_os_error(), Body::default()),
            Self::Body(body) => (0, body),
            Self::None => (0, Body::default()),
        };
        let length = u32::try_from(16 + body.0.len()).expect("a short answer");
        let header = Body::default().number(length);
        let mut bytes = header.number(error.cast_unsigned()).long(request.unique).0;
        bytes.extend(body.0);
        bytes
    }
}

impl Body {
    pub(super) fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_ne_bytes());
        self
    }

    pub(super) fn long(mut self, number: u64) -> Self {
        self.0.extend(number.to_ne_bytes());
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Fills up to a multiple of eight.
    pub(super) fn padded(mut self) -> Self {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        self
    }

    pub(super) fn length(&self) -> usize {
        self.0.len()
    }
}

impl From<Body> for Answer {
    fn from(body: Body) -> Self {
        Self::Body(body)
    }
}

pub(super) const LOOKUP: u32 = 1;
pub(super) const FORGET: u32 = 2;
pub(super) const GETATTR: u32 = 3;
pub(super) const SETATTR: u32 = 4;
pub(super) const MKDIR: u32 = 9;
pub(super) const UNLINK: u32 = 10;
pub(super) const RMDIR: u32 = 11;
pub(super) const RENAME: u32 = 12;
pub(super) const OPEN: u32 = 14;
pub(super) const READ: u32 = 15;
pub(super) const WRITE: u32 = 16;
pub(super) const STATFS: u32 = 17;
pub(super) const RELEASE: u32 = 18;
pub(super) const FSYNC: u32 = 20;
pub(super) const FLUSH: u32 = 25;
pub(super) const INIT: u32 = 26;
pub(super) const OPENDIR: u32 = 27;
pub(super) const READDIR: u32 = 28;
pub(super) const RELEASEDIR: u32 = 29;
pub(super) const FSYNCDIR: u32 = 30;
pub(super) const CREATE: u32 = 35;
pub(super) const INTERRUPT: u32 = 36;
pub(super) const BATCH_FORGET: u32 = 42;
pub(super) const RENAME2: u32 = 45;
