//! The words of SQL: names, texts and signs, whoever wrote them.

use super::error::FileError;

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Token {
    /// A bare word or number, in lower case.
    Word(String),
    /// A quoted name.
    Name(String),
    /// A quoted text.
    Text(String),
    /// Anything else, one byte.
    Sign(u8),
}

impl Token {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }
}

pub(super) struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The line, from 1.
    pub(super) line: u64,
    /// Whether a backslash escapes in an ordinary text, as in `MySQL`.
    escapes: bool,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
            escapes: !text.contains("standard_conforming_strings = on"),
        }
    }

    pub(super) fn lost(&self) -> FileError {
        FileError::Sql { line: self.line }
    }

    pub(super) fn needed(&mut self) -> Result<Token, FileError> {
        self.next()?.ok_or_else(|| self.lost())
    }

    pub(super) fn next(&mut self) -> Result<Option<Token>, FileError> {
        self.skip_blank()?;
        let Some(first) = self.peek(0) else {
            return Ok(None);
        };
        Ok(Some(match first {
            b'\'' => Token::Text(self.quoted(b'\'', self.escapes)?),
            b'e' | b'E' if self.peek(1) == Some(b'\'') => {
                self.at += 1;
                Token::Text(self.quoted(b'\'', true)?)
            }
            b'"' => Token::Name(self.quoted(b'"', false)?),
            b'`' => Token::Name(self.quoted(b'`', false)?),
            byte if is_word(byte) => Token::Word(self.word()),
            sign => {
                self.at += 1;
                Token::Sign(sign)
            }
        }))
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at.checked_add(ahead)?).copied()
    }

    fn step(&mut self) -> Option<u8> {
        let byte = self.peek(0)?;
        self.at += 1;
        self.line += u64::from(byte == b'\n');
        Some(byte)
    }

    fn skip_blank(&mut self) -> Result<(), FileError> {
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'#', _) | (b'-', Some(b'-')) => {
                    while self.step().is_some_and(|byte| byte != b'\n') {}
                }
                (b'/', Some(b'*')) => self.skip_comment()?,
                _ if byte.is_ascii_whitespace() => {
                    self.step();
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn skip_comment(&mut self) -> Result<(), FileError> {
        self.at += 2;
        while (self.peek(0), self.peek(1)) != (Some(b'*'), Some(b'/')) {
            self.step().ok_or_else(|| self.lost())?;
        }
        self.at += 2;
        Ok(())
    }

    fn word(&mut self) -> String {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        // Of a number, what stands behind its point and its power of ten belongs to it.
        let is_number = rest.first().is_some_and(u8::is_ascii_digit);
        let mut before = b' ';
        let is_part = |byte: &&u8| {
            let is_power = matches!(before, b'e' | b'E') && matches!(**byte, b'+' | b'-');
            before = **byte;
            is_word(**byte) || is_number && (**byte == b'.' || is_power)
        };
        let length = rest.iter().take_while(is_part).count();
        self.at += length;
        let word = rest.get(..length).unwrap_or_default();
        String::from_utf8_lossy(word).to_lowercase()
    }

    /// What stands between two `mark`s; a doubled one is one.
    fn quoted(&mut self, mark: u8, escapes: bool) -> Result<String, FileError> {
        let lost = self.lost();
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.step().ok_or_else(|| lost.clone())? {
                byte if byte == mark && self.peek(0) == Some(mark) => {
                    self.at += 1;
                    text.push(mark);
                }
                byte if byte == mark => break,
                b'\\' if escapes => {
                    let letter = self.step().ok_or_else(|| lost.clone())?;
                    text.push(meant(letter));
                }
                byte => text.push(byte),
            }
        }
        String::from_utf8(text).map_err(|_| lost)
    }

    /// The rest of the line as it is, and its number; `None` at the end.
    pub(super) fn raw_line(&mut self) -> Option<(&'t [u8], u64)> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let number = self.line;
        let length = rest.iter().take_while(|byte| **byte != b'\n').count();
        self.at += length;
        self.step();
        let line = rest.get(..length).unwrap_or_default();
        Some((line.strip_suffix(b"\r").unwrap_or(line), number))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || !byte.is_ascii()
}

/// What a letter behind a backslash stands for.
pub(super) fn meant(escaped: u8) -> u8 {
    match escaped {
        b'0' => 0,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        other => other,
    }
}
