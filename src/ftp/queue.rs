//! Lines that arrived while a command or a transfer was busy. Bounded: 64 lines or 64 KiB, whatever
//! comes first; a run of `NOOP` counts as one line, because clients keep a long transfer alive with
//! hundreds of them and each still wants its own reply afterwards.

use std::collections::VecDeque;

use crate::proto::{Line, LineError};

/// Lines in the order they came.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting {
    line: Result<Line, LineError>,
    times: u32,
}

impl Queue {
    /// Lines that may wait.
    pub(super) const LIMIT_LINES: usize = 64;
    /// Bytes that may wait.
    pub(super) const LIMIT_BYTES: usize = 64 * 1_024;

    /// Puts `line` behind the others.
    pub(super) fn push(&mut self, line: Result<Line, LineError>) {
        if is_noop(&line)
            && let Some(last) = self.waiting.back_mut()
            && is_noop(&last.line)
        {
            last.times = last.times.saturating_add(1);
            return;
        }
        self.bytes += size_bytes(&line);
        self.waiting.push_back(Waiting { line, times: 1 });
    }

    /// Takes the line that came first.
    pub(super) fn pop(&mut self) -> Option<Result<Line, LineError>> {
        let first = self.waiting.front_mut()?;
        if first.times > 1 {
            first.times -= 1;
            return Some(first.line.clone());
        }
        let first = self.waiting.pop_front()?;
        self.bytes -= size_bytes(&first.line);
        Some(first.line)
    }

    /// Whether no line waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether nothing more should be read for now.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= Self::LIMIT_LINES || self.bytes >= Self::LIMIT_BYTES
    }
}

fn is_noop(line: &Result<Line, LineError>) -> bool {
    line.as_ref().is_ok_and(|line| {
        ["NOOP", "NOP"]
            .iter()
            .any(|verb| line.as_str().eq_ignore_ascii_case(verb))
    })
}

fn size_bytes(line: &Result<Line, LineError>) -> usize {
    line.as_ref().map_or(0, Line::len_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::LineBuffer;

    fn line(text: &str) -> Result<Line, LineError> {
        let mut buffer = LineBuffer::new();
        buffer.extend(text.as_bytes());
        buffer.extend(b"\r\n");
        buffer.next_line().unwrap()
    }

    #[test]
    fn lines_come_out_in_the_order_they_came_in() {
        let mut queue = Queue::default();
        for text in ["PWD", "NOOP", "noop", "SYST"] {
            queue.push(line(text));
        }

        let mut order = Vec::new();
        while let Some(Ok(line)) = queue.pop() {
            order.push(line.as_str().to_owned());
        }

        assert_eq!(order, ["PWD", "NOOP", "NOOP", "SYST"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn five_hundred_noops_fill_one_place() {
        let mut queue = Queue::default();
        for _ in 0..500 {
            queue.push(line("NOOP"));
        }

        assert!(!queue.is_full());
        assert_eq!(std::iter::from_fn(|| queue.pop()).count(), 500);
    }

    #[test]
    fn the_sixty_fourth_line_fills_the_queue() {
        let mut queue = Queue::default();
        for _ in 0..63 {
            queue.push(line("PWD"));
        }
        assert!(!queue.is_full());

        queue.push(line("PWD"));

        assert!(queue.is_full());
    }
}
