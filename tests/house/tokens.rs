//! Rust source as a list of words, marks and texts: enough to find imports, attributes and the ends
//! of functions without being misled by comments and string literals.

/// What a token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// An identifier, keyword or number.
    Word,
    /// One punctuation character, or `::`.
    Mark,
    /// A string literal; the token's text is what stands between the quotes.
    Text,
}

/// One token and the line it begins on (the first line is 1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Token {
    /// What it is.
    pub kind: Kind,
    /// How it is written.
    pub text: String,
    /// Where it begins.
    pub line: usize,
}

impl Token {
    /// Whether this is the mark or word `text`, not a literal that happens to say so.
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

/// The tokens of `source`; comments, character literals and lifetimes are left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader {
        chars: source.chars().collect(),
        at: 0,
        line: 1,
        tokens: Vec::new(),
    };
    while reader.step() {}
    reader.tokens
}

/// `tokens` without the items that exist in tests only, and the lines (first and last) of those.
pub(super) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<(usize, usize)>) {
    if starts_with(tokens, &["#", "!", "[", "cfg", "(", "test", ")", "]"]) {
        return (Vec::new(), Vec::new());
    }
    let (mut kept, mut cut, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at..).unwrap_or_default();
        if starts_with(rest, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            let length = 7 + item_length(rest.get(7..).unwrap_or_default());
            let last = rest.get(length - 1).map_or(token.line, |end| end.line);
            cut.push((token.line, last));
            at += length;
        } else {
            kept.push(token.clone());
            at += 1;
        }
    }
    (kept, cut)
}

/// The position after the mark that closes the one at `open`.
pub(super) fn after_closing(tokens: &[Token], open: usize) -> usize {
    let (mut depth, mut at) = (0_usize, open);
    while let Some(token) = tokens.get(at) {
        at += 1;
        if ["(", "[", "{"].iter().any(|mark| token.is(mark)) {
            depth += 1;
        } else if [")", "]", "}"].iter().any(|mark| token.is(mark)) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    at
}

/// Whether `tokens` begin with these words and marks.
pub(super) fn starts_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.is(text))
}

/// Tokens until the end of the item that begins here: its attributes, then `;` or a closed block.
fn item_length(tokens: &[Token]) -> usize {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.is(";") {
            return at + 1;
        }
        if token.is("{") {
            return after_closing(tokens, at);
        }
        at = if token.is("(") || token.is("[") {
            after_closing(tokens, at)
        } else {
            at + 1
        };
    }
    at
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
}

impl Reader {
    fn step(&mut self) -> bool {
        let Some(next) = self.peek(0) else {
            return false;
        };
        match (next, self.peek(1)) {
            ('/', Some('/')) => self.skip_while(|c| c != '\n'),
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.text(),
            ('\'', _) => self.quote(),
            ('r' | 'b' | 'c', Some('"' | '#' | 'r')) if self.raw_or_byte_text() => {}
            (':', Some(':')) => {
                self.push(Kind::Mark, "::".to_owned(), self.line);
                self.advance(2);
            }
            (c, _) if c.is_whitespace() => self.advance(1),
            (c, _) if c == '_' || c.is_alphanumeric() => self.word(),
            (c, _) => {
                self.push(Kind::Mark, c.to_string(), self.line);
                self.advance(1);
            }
        }
        true
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn advance(&mut self, count: usize) {
        for _ in 0..count {
            if self.peek(0) == Some('\n') {
                self.line += 1;
            }
            self.at += 1;
        }
    }

    fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.advance(1);
        }
    }

    fn push(&mut self, kind: Kind, text: String, line: usize) {
        self.tokens.push(Token { kind, text, line });
    }

    fn word(&mut self) {
        let (start, line) = (self.at, self.line);
        self.skip_while(|c| c == '_' || c.is_alphanumeric());
        let text = self
            .chars
            .iter()
            .skip(start)
            .take(self.at - start)
            .collect();
        self.push(Kind::Word, text, line);
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (Some(_), _) => {
                    self.advance(1);
                    continue;
                }
                (None, _) => return,
            }
            self.advance(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn text(&mut self) {
        let line = self.line;
        let mut text = String::new();
        self.advance(1);
        while let Some(c) = self.peek(0) {
            self.advance(1);
            match c {
                '"' => break,
                '\\' => {
                    text.extend(self.peek(0));
                    self.advance(1);
                }
                _ => text.push(c),
            }
        }
        self.push(Kind::Text, text, line);
    }

    /// A character literal is skipped whole; of a lifetime only the quote.
    fn quote(&mut self) {
        if self.peek(1) == Some('\\') {
            self.advance(3);
            self.skip_while(|c| c != '\'');
            self.advance(1);
        } else if self.peek(2) == Some('\'') {
            self.advance(3);
        } else {
            self.advance(1);
        }
    }

    /// `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#`; says whether there was one.
    fn raw_or_byte_text(&mut self) -> bool {
        let mut ahead = 0;
        while matches!(self.peek(ahead), Some('r' | 'b' | 'c')) {
            ahead += 1;
        }
        let mut hashes = 0;
        while self.peek(ahead) == Some('#') {
            (ahead, hashes) = (ahead + 1, hashes + 1);
        }
        if self.peek(ahead) != Some('"') || ahead > hashes + 2 {
            return false;
        }
        if !matches!(
            (self.peek(0), self.peek(1)),
            (Some('r'), _) | (_, Some('r'))
        ) {
            self.advance(ahead);
            self.text();
            return true;
        }
        let line = self.line;
        let mut text = String::new();
        self.advance(ahead + 1);
        while let Some(c) = self.peek(0) {
            if c == '"' && (1..=hashes).all(|hash| self.peek(hash) == Some('#')) {
                break;
            }
            text.push(c);
            self.advance(1);
        }
        self.advance(hashes + 1);
        self.push(Kind::Text, text, line);
        true
    }
}
