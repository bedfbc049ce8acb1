//! A Rust file as tokens: what it imports, which paths it names, what stands in its strings.

use std::iter::Peekable;
use std::vec;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What is looked at of a file. Tests inside it (`#[cfg(test)]`) are left out.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Its own doc comment, `//!`.
    pub(crate) docs: String,
    /// The names it imports.
    pub(crate) imports: Vec<Import>,
    /// The paths of two names and more that its code has, as written.
    pub(crate) paths: Vec<Vec<String>>,
    /// What stands in its strings.
    pub(crate) strings: Vec<String>,
    /// The types and traits it declares, also inside its functions and as rows (`typed_row!`).
    pub(crate) types: Vec<String>,
}

/// One imported name.
#[derive(Debug)]
pub(crate) struct Import {
    /// What it is called here; `*` for everything in a module.
    pub(crate) name: String,
    /// Where it is from, as written.
    pub(crate) path: Vec<String>,
    /// Whether it is handed on (`pub use`, `pub(crate) use`).
    pub(crate) public: bool,
}

type Tokens = Peekable<vec::IntoIter<TokenTree>>;

fn tokens(stream: TokenStream) -> Tokens {
    stream
        .into_iter()
        .collect::<Vec<_>>()
        .into_iter()
        .peekable()
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

impl Source {
    /// Reads a file's text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let stream: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
        let mut source = Self::default();
        source.walk(tokens(stream), true);
        Ok(source)
    }

    fn walk(&mut self, mut tokens: Tokens, outermost: bool) {
        let mut public = false;
        while let Some(token) = tokens.next() {
            let was_public = std::mem::take(&mut public);
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(&mut tokens),
                TokenTree::Punct(_) => {}
                TokenTree::Literal(literal) => self.strings.extend(text_of(&literal.to_string())),
                TokenTree::Group(group) => self.walk(self::tokens(group.stream()), false),
                TokenTree::Ident(word) => match word.to_string().as_str() {
                    "pub" => {
                        public = true;
                        // `(crate)`: to whom.
                        tokens.next_if(|next| matches!(next, TokenTree::Group(_)));
                    }
                    // `use<'a>` is another thing.
                    "use" if !is_punct(tokens.peek(), '<') => {
                        self.import(&mut tokens, &[], was_public);
                    }
                    "struct" | "enum" | "union" | "trait" => self.declared(&mut tokens),
                    // In braces, of an `impl` or a trait, it names a type that is declared elsewhere.
                    "type" if outermost => self.declared(&mut tokens),
                    row if is_row(tokens.clone()) => self.types.push(row.to_owned()),
                    first => {
                        let path = path(first, &mut tokens);
                        if path.len() > 1 {
                            self.paths.push(path);
                        }
                    }
                },
            }
        }
    }

    /// Notes the type whose name comes next.
    fn declared(&mut self, tokens: &mut Tokens) {
        if let Some(TokenTree::Ident(name)) = tokens.peek() {
            self.types.push(name.to_string());
        }
    }

    /// Reads what follows a `#`: the file's docs, or what makes the next item a test.
    fn attribute(&mut self, tokens: &mut Tokens) {
        let inner = tokens.next_if(|next| is_punct(Some(next), '!')).is_some();
        let Some(TokenTree::Group(group)) = tokens.next() else {
            return;
        };
        let text = group.stream().to_string();
        if text == "cfg (test)" {
            // The item ends with its braces or a semicolon.
            for token in tokens.by_ref() {
                let braces = matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
                if braces || is_punct(Some(&token), ';') {
                    break;
                }
            }
        } else if inner && text.starts_with("doc") {
            let last = group.stream().into_iter().last();
            let line = last.and_then(|literal| text_of(&literal.to_string()));
            self.docs.push_str(&line.unwrap_or_default());
            self.docs.push('\n');
        }
    }

    /// Reads a tree of imports up to its end.
    fn import(&mut self, tokens: &mut Tokens, before: &[String], public: bool) {
        let mut path = before.to_vec();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    let name = tokens.next().map_or(String::new(), |name| name.to_string());
                    self.imported(&path, name, public);
                    path.clear();
                }
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    self.imported(&path, "*".to_owned(), public);
                    path.clear();
                }
                TokenTree::Punct(punct) if ",;".contains(punct.as_char()) => {
                    self.imported_last(&path, before, public);
                    if punct.as_char() == ';' {
                        return;
                    }
                    path = before.to_vec();
                }
                TokenTree::Group(group) => {
                    self.import(&mut self::tokens(group.stream()), &path, public);
                    path.clear();
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        self.imported_last(&path, before, public);
    }

    /// Notes an import that is called by the last name of its path; `self` is the path itself.
    fn imported_last(&mut self, path: &[String], before: &[String], public: bool) {
        match path {
            [.., parent, last] if last == "self" => {
                let parents = path.get(..path.len() - 1).unwrap_or_default();
                self.imported(parents, parent.clone(), public);
            }
            [.., last] if path.len() > before.len() => self.imported(path, last.clone(), public),
            _ => {}
        }
    }

    fn imported(&mut self, path: &[String], name: String, public: bool) {
        self.imports.push(Import {
            name,
            path: path.to_vec(),
            public,
        });
    }
}

/// Whether what follows a name makes it the head of a row: `of "table"`.
fn is_row(mut tokens: Tokens) -> bool {
    let of = matches!(tokens.next(), Some(TokenTree::Ident(of)) if of == "of");
    of && matches!(tokens.next(), Some(TokenTree::Literal(_)))
}

/// A path that begins with this name: names with two colons between them.
fn path(first: &str, tokens: &mut Tokens) -> Vec<String> {
    let mut path = vec![first.to_owned()];
    loop {
        let mut ahead = tokens.clone();
        let colons = is_punct(ahead.next().as_ref(), ':') && is_punct(ahead.next().as_ref(), ':');
        let Some(TokenTree::Ident(name)) = ahead.next().filter(|_| colons) else {
            return path;
        };
        path.push(name.to_string());
        *tokens = ahead;
    }
}

/// What stands between the quotes of a literal; `None` if it is none of text.
fn text_of(literal: &str) -> Option<String> {
    let start = literal.find('"')?;
    let end = literal.rfind('"')?;
    literal.get(start + 1..end).map(str::to_owned)
}
