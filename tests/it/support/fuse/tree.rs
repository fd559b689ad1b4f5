//! The names of the file system, and what a request does to them.

use std::collections::{BTreeMap, HashMap};

use rustix::io::Errno;

use super::wire::{self, Answer, Body, Request};

/// Files and folders by number. What was removed keeps its number: somebody may have it open.
pub(super) struct Tree {
    nodes: HashMap<u64, Node>,
    last: u64,
}

#[derive(Default)]
struct Node {
    mode: u32,
    size: u64,
    seconds: u64,
    nanoseconds: u32,
    /// `None` for a file.
    names: Option<BTreeMap<Vec<u8>, u64>>,
}

const ROOT: u64 = 1;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;

// Which fields of SETATTR count.
const SET_MODE: u32 = 1;
const SET_SIZE: u32 = 1 << 3;
const SET_TIME: u32 = 1 << 5;

impl Default for Tree {
    fn default() -> Self {
        let root = Node {
            mode: FOLDER | 0o755,
            names: Some(BTreeMap::new()),
            ..Node::default()
        };
        Self {
            nodes: HashMap::from([(ROOT, root)]),
            last: ROOT,
        }
    }
}

impl Tree {
    pub(super) fn answer(&mut self, request: &Request<'_>) -> Answer {
        let answer = match request.operation {
            _ if !request.waits() => return Answer::None,
            wire::INIT => Ok(init(request).into()),
            wire::LOOKUP => self.find(request.node, &request.name(0, 0)),
            wire::GETATTR => self.attributes(request.node),
            wire::SETATTR => self.set_attributes(request),
            wire::MKDIR => self.make(request, FOLDER | request.number(0) & 0o777, 8),
            wire::CREATE => self.create(request),
            wire::UNLINK | wire::RMDIR => self.remove(request),
            wire::RENAME => self.rename(request, 8),
            wire::RENAME2 => self.rename(request, 16),
            wire::OPEN | wire::OPENDIR => Ok(Body::default().long(0).long(0).into()),
            wire::READ => self.read(request),
            wire::WRITE => self.write(request),
            wire::READDIR => self.list(request),
            wire::STATFS => Ok(space().into()),
            wire::RELEASE | wire::RELEASEDIR | wire::FLUSH | wire::FSYNC | wire::FSYNCDIR => {
                Ok(Answer::done())
            }
            _ => Err(Errno::NOSYS),
        };
        answer.unwrap_or_else(Answer::Error)
    }

    fn node(&mut self, number: u64) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&number).ok_or(Errno::NOENT)
    }

    fn names(&mut self, number: u64) -> Result<&mut BTreeMap<Vec<u8>, u64>, Errno> {
        self.node(number)?.names.as_mut().ok_or(Errno::NOTDIR)
    }

    fn find(&mut self, folder: u64, name: &[u8]) -> Result<Answer, Errno> {
        let number = *self.names(folder)?.get(name).ok_or(Errno::NOENT)?;
        Ok(self.entry(number)?.into())
    }

    /// What the kernel may know of a node: nothing for longer than this moment.
    fn entry(&mut self, number: u64) -> Result<Body, Errno> {
        let entry = Body::default().long(number).long(0).long(0).long(0).long(0);
        self.node(number).map(|node| node.describe(number, entry))
    }

    fn attributes(&mut self, number: u64) -> Result<Answer, Errno> {
        let attributes = Body::default().long(0).long(0);
        let node = self.node(number)?;
        Ok(node.describe(number, attributes).into())
    }

    fn set_attributes(&mut self, request: &Request<'_>) -> Result<Answer, Errno> {
        let valid = request.number(0);
        let node = self.node(request.node)?;
        if valid & SET_MODE != 0 {
            node.mode = node.mode & !0o7777 | request.number(68) & 0o7777;
        }
        if valid & SET_SIZE != 0 {
            node.size = request.long(16);
        }
        if valid & SET_TIME != 0 {
            node.seconds = request.long(40);
            node.nanoseconds = request.number(60);
        }
        self.attributes(request.node)
    }

    /// Makes what the name at `offset` of the request says.
    fn make(&mut self, request: &Request<'_>, mode: u32, offset: usize) -> Result<Answer, Errno> {
        let number = self.last + 1;
        let names = self.names(request.node)?;
        let name = request.name(offset, 0);
        if names.contains_key(&name) {
            return Err(Errno::EXIST);
        }
        names.insert(name, number);
        let node = Node {
            mode,
            names: (mode & FOLDER != 0).then(BTreeMap::new),
            ..Node::default()
        };
        self.nodes.insert(number, node);
        self.last = number;
        Ok(self.entry(number)?.into())
    }

    fn create(&mut self, request: &Request<'_>) -> Result<Answer, Errno> {
        let made = self.make(request, FILE | request.number(4) & 0o777, 16)?;
        match made {
            Answer::Body(entry) => Ok(entry.long(0).long(0).into()),
            other => Ok(other),
        }
    }

    fn remove(&mut self, request: &Request<'_>) -> Result<Answer, Errno> {
        let name = request.name(0, 0);
        let names = self.names(request.node)?;
        let number = *names.get(&name).ok_or(Errno::NOENT)?;
        let is_full = |names: &mut BTreeMap<_, _>| !names.is_empty();
        if self.names(number).is_ok_and(is_full) {
            return Err(Errno::NOTEMPTY);
        }
        self.names(request.node)?.remove(&name);
        Ok(Answer::done())
    }

    fn rename(&mut self, request: &Request<'_>, offset: usize) -> Result<Answer, Errno> {
        let (from, to) = (request.name(offset, 0), request.name(offset, 1));
        let moved = self.names(request.node)?.remove(&from);
        let moved = moved.ok_or(Errno::NOENT)?;
        self.names(request.long(0))?.insert(to, moved);
        Ok(Answer::done())
    }

    fn read(&mut self, request: &Request<'_>) -> Result<Answer, Errno> {
        let left = self
            .node(request.node)?
            .size
            .saturating_sub(request.long(8));
        let length = u64::from(request.number(16)).min(left);
        let length = usize::try_from(length).map_err(|_| Errno::INVAL)?;
        Ok(Body::default().bytes(&vec![0; length]).into())
    }

    fn write(&mut self, request: &Request<'_>) -> Result<Answer, Errno> {
        let (offset, length) = (request.long(8), request.number(16));
        let node = self.node(request.node)?;
        node.size = node.size.max(offset + u64::from(length));
        Ok(Body::default().number(length).number(0).into())
    }

    fn list(&mut self, request: &Request<'_>) -> Result<Answer, Errno> {
        let (from, limit) = (request.long(8), request.number(16));
        let mut entries = Body::default();
        let names = self.names(request.node)?.iter();
        let behind = names.zip(1_u64..).filter(|(_, place)| *place > from);
        for ((name, number), place) in behind {
            if entries.length() + 32 + name.len() > limit as usize {
                break;
            }
            let length = u32::try_from(name.len()).map_err(|_| Errno::INVAL)?;
            let entry = entries.long(*number).long(place).number(length);
            // Of unknown kind: whoever wants to know asks.
            entries = entry.number(0).bytes(name).padded();
        }
        Ok(entries.into())
    }
}

impl Node {
    /// Appends the attributes.
    fn describe(&self, number: u64, body: Body) -> Body {
        let body = body.long(number).long(self.size).long(self.size / 512);
        let body = body
            .long(self.seconds)
            .long(self.seconds)
            .long(self.seconds);
        let nanoseconds = self.nanoseconds;
        let body = body
            .number(nanoseconds)
            .number(nanoseconds)
            .number(nanoseconds);
        let links = if self.names.is_some() { 2 } else { 1 };
        let body = body.number(self.mode).number(links).number(0).number(0);
        body.number(0).number(4_096).number(0)
    }
}

/// The terms: many requests at once, long writes.
fn init(request: &Request<'_>) -> Body {
    let (major, minor, ahead) = (request.number(0), 31, request.number(8));
    let (async_read, big_writes, parallel_lookups) = (1, 1 << 5, 1 << 18);
    let flags = async_read | big_writes | parallel_lookups;
    let (waiting, congested) = (1_000_u32, 900_u32);
    let terms = Body::default().number(major).number(minor).number(ahead);
    terms
        .number(flags)
        .number(congested << 16 | waiting)
        .number(wire::WRITE_LIMIT_BYTES)
        .number(1)
        .bytes(&[0; 36])
}

/// A terabyte, all of it free.
fn space() -> Body {
    let blocks = 1 << 28;
    let space = Body::default().long(blocks).long(blocks).long(blocks);
    let space = space.long(1 << 20).long(1 << 20);
    space
        .number(4_096)
        .number(255)
        .number(4_096)
        .bytes(&[0; 28])
}
