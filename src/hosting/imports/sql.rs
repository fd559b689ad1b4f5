//! Rows of an SQL dump: `INSERT` statements of any program, and `COPY` as `pg_dump` writes it. Everything
//! else is passed over.

use std::collections::HashMap;

use super::bounds::MOST_ROWS;
use super::error::FileError;
use super::sql_words::{Lexer, Token, meant};

/// What a dump holds of one table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) rows: Vec<TableRow>,
}

/// A row, and the line, from 1, on which it begins.
#[derive(Debug)]
pub(super) struct TableRow {
    pub(super) line: u64,
    cells: Vec<(String, Option<String>)>,
}

impl TableRow {
    /// The value of the first of these columns that there is; `None` if there is none or it is `NULL`.
    pub(super) fn cell(&self, columns: &[&str]) -> Option<&str> {
        let name = columns.iter().find(|name| self.has(&[name]))?;
        let (_, cell) = self.cells.iter().find(|(column, _)| column == name)?;
        cell.as_deref()
    }

    /// Whether there is one of these columns.
    pub(super) fn has(&self, columns: &[&str]) -> bool {
        self.cells
            .iter()
            .any(|(column, _)| columns.contains(&column.as_str()))
    }
}

/// The tables of a dump that have rows, in the order in which they come.
///
/// # Errors
///
/// [`FileError::Sql`], [`FileError::TooMany`].
pub(super) fn tables(text: &str) -> Result<Vec<Table>, FileError> {
    let mut dump = Dump {
        lexer: Lexer::new(text),
        columns: HashMap::new(),
        tables: Vec::new(),
        rows: 0,
    };
    while let Some(token) = dump.lexer.next()? {
        if token.is("insert") || token.is("replace") {
            dump.insert()?;
        } else if token.is("create") {
            dump.create()?;
        } else if token.is("copy") {
            dump.copy()?;
        } else if token != Token::Sign(b';') {
            dump.skip_statement()?;
        }
    }
    Ok(dump.tables)
}

struct Dump<'t> {
    lexer: Lexer<'t>,
    /// The columns of tables that were created in the dump.
    columns: HashMap<String, Vec<String>>,
    tables: Vec<Table>,
    rows: usize,
}

impl Dump<'_> {
    /// `INSERT … INTO name (columns) VALUES (row), (row);`
    fn insert(&mut self) -> Result<(), FileError> {
        loop {
            match self.lexer.needed()? {
                token if token.is("into") => break,
                Token::Sign(b';') => return Ok(()),
                _ => {}
            }
        }
        let (table, next) = self.table_name()?;
        let (columns, next) = match next {
            Token::Sign(b'(') => (self.names()?, self.lexer.needed()?),
            next => (self.columns.get(&table).cloned().unwrap_or_default(), next),
        };
        if !next.is("values") {
            return self.skip_statement_after(&next);
        }
        loop {
            match self.lexer.needed()? {
                Token::Sign(b'(') => {
                    let line = self.lexer.line;
                    let cells = self.row()?;
                    self.keep(&table, &columns, cells, line)?;
                }
                Token::Sign(b',') => {}
                Token::Sign(b';') => return Ok(()),
                // `ON DUPLICATE KEY …`, `RETURNING …`
                next => return self.skip_statement_after(&next),
            }
        }
    }

    /// The values of a row, up to its closing parenthesis.
    fn row(&mut self) -> Result<Vec<Option<String>>, FileError> {
        let mut cells = Vec::new();
        let mut cell: Option<String> = None;
        let mut depth = 0_usize;
        loop {
            match self.lexer.needed()? {
                Token::Sign(b')') if depth == 0 => {
                    cells.push(cell);
                    return Ok(cells);
                }
                Token::Sign(b',') if depth == 0 => cells.push(cell.take()),
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth -= 1,
                Token::Sign(b'-') if cell.is_none() => cell = Some("-".to_owned()),
                Token::Sign(b';') => return Err(self.lexer.lost()),
                // `E'…'`, `_binary '…'`, `'…'::text` and sums of nothing.
                Token::Text(text) => cell = Some(text),
                Token::Word(word) if word == "null" => {}
                Token::Word(word) if cell.as_deref() == Some("-") => {
                    cell = Some(format!("-{word}"));
                }
                Token::Word(word) if cell.is_none() => cell = Some(word),
                Token::Word(_) | Token::Name(_) | Token::Sign(_) => {}
            }
            if cells.len() > MOST_COLUMNS {
                return Err(self.lexer.lost());
            }
        }
    }

    /// `CREATE TABLE name (column …, column …);`
    fn create(&mut self) -> Result<(), FileError> {
        loop {
            match self.lexer.needed()? {
                token if token.is("table") => break,
                Token::Sign(b';') => return Ok(()),
                Token::Word(_) => {}
                next => return self.skip_statement_after(&next),
            }
        }
        let (table, next) = self.table_name()?;
        if next != Token::Sign(b'(') {
            return self.skip_statement_after(&next);
        }
        let columns = self.created_columns()?;
        self.columns.insert(table, columns);
        self.skip_statement()
    }

    fn created_columns(&mut self) -> Result<Vec<String>, FileError> {
        let mut columns = Vec::new();
        let mut is_first = true;
        let mut depth = 0_usize;
        loop {
            match self.lexer.needed()? {
                Token::Sign(b')') if depth == 0 => return Ok(columns),
                Token::Sign(b'(') => depth += 1,
                Token::Sign(b')') => depth -= 1,
                Token::Sign(b',') if depth == 0 => {
                    is_first = true;
                    continue;
                }
                Token::Name(name) if is_first => columns.push(name.to_lowercase()),
                Token::Word(word) if is_first && !NO_COLUMN.contains(&word.as_str()) => {
                    columns.push(word);
                }
                _ => {}
            }
            is_first = false;
            if columns.len() > MOST_COLUMNS {
                return Err(self.lexer.lost());
            }
        }
    }

    /// `COPY name (columns) FROM stdin;`, lines with tabs between values, and `\.` alone.
    fn copy(&mut self) -> Result<(), FileError> {
        let (table, next) = self.table_name()?;
        let columns = match next {
            Token::Sign(b'(') => self.names()?,
            _ => self.columns.get(&table).cloned().unwrap_or_default(),
        };
        self.skip_statement()?;
        self.lexer.raw_line();
        while let Some((line, number)) = self.lexer.raw_line() {
            if line == b"\\." {
                return Ok(());
            }
            let line = String::from_utf8_lossy(line);
            let cells = line
                .split('\t')
                .map(|cell| (cell != "\\N").then(|| unescaped(cell)));
            let cells = cells.take(MOST_COLUMNS).collect();
            self.keep(&table, &columns, cells, number)?;
        }
        Err(self.lexer.lost())
    }

    fn keep(
        &mut self,
        table: &str,
        columns: &[String],
        cells: Vec<Option<String>>,
        line: u64,
    ) -> Result<(), FileError> {
        self.rows += 1;
        if self.rows > MOST_ROWS {
            return Err(FileError::TooMany);
        }
        if !columns.is_empty() && columns.len() != cells.len() {
            return Err(FileError::Sql { line });
        }
        let row = TableRow {
            line,
            cells: columns.iter().cloned().zip(cells).collect(),
        };
        if let Some(known) = self.tables.iter_mut().find(|known| known.name == table) {
            known.rows.push(row);
        } else if self.tables.len() < MOST_TABLES {
            self.tables.push(Table {
                name: table.to_owned(),
                rows: vec![row],
            });
        }
        Ok(())
    }

    /// A name with or without its schema, and what follows.
    fn table_name(&mut self) -> Result<(String, Token), FileError> {
        let mut name = self.lexer.needed()?;
        loop {
            let next = self.lexer.needed()?;
            if next == Token::Sign(b'.') {
                name = self.lexer.needed()?;
            } else if name.is("if") || name.is("not") || name.is("exists") || name.is("only") {
                name = next;
            } else {
                let (Token::Word(name) | Token::Name(name) | Token::Text(name)) = name else {
                    return Err(self.lexer.lost());
                };
                return Ok((name.to_lowercase(), next));
            }
        }
    }

    /// Names between commas, up to the closing parenthesis.
    fn names(&mut self) -> Result<Vec<String>, FileError> {
        let mut names = Vec::new();
        loop {
            match self.lexer.needed()? {
                Token::Word(name) | Token::Name(name) | Token::Text(name) => {
                    names.push(name.to_lowercase());
                }
                Token::Sign(b')') => return Ok(names),
                Token::Sign(b',') if names.len() < MOST_COLUMNS => {}
                Token::Sign(_) => return Err(self.lexer.lost()),
            }
        }
    }

    fn skip_statement_after(&mut self, token: &Token) -> Result<(), FileError> {
        if *token == Token::Sign(b';') {
            return Ok(());
        }
        self.skip_statement()
    }

    fn skip_statement(&mut self) -> Result<(), FileError> {
        while let Some(token) = self.lexer.next()? {
            if token == Token::Sign(b';') {
                break;
            }
        }
        Ok(())
    }
}

/// Columns of a table at most.
const MOST_COLUMNS: usize = 256;
/// Tables of a dump that are looked at.
const MOST_TABLES: usize = 256;
/// What begins a line of `CREATE TABLE` that is no column.
const NO_COLUMN: &[&str] = &[
    "check",
    "constraint",
    "exclude",
    "foreign",
    "fulltext",
    "index",
    "key",
    "like",
    "primary",
    "spatial",
    "unique",
];

/// A value of `COPY`.
fn unescaped(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut rest = cell.chars();
    while let Some(c) = rest.next() {
        match (c, rest.clone().next()) {
            ('\\', Some(next)) => {
                rest.next();
                let is_ascii = u8::try_from(next).ok().filter(u8::is_ascii);
                text.push(is_ascii.map_or(next, |byte| char::from(meant(byte))));
            }
            _ => text.push(c),
        }
    }
    text
}
