//! Forms that were sent (`multipart/form-data`, RFC 7578; RFC 2046 §5.1). Own code, as the libraries for it copy each part,
//! and a package of 60 MiB twice in memory is more than an isolate has.

use bytes::Bytes;
use memchr::memmem;

use super::Rejection;

/// Most parts of a form: those that mean something are two.
const MAX_PARTS: usize = 32;

/// Longest boundary, in bytes (RFC 2046 §5.1.1).
const LONGEST_BOUNDARY: usize = 70;

/// What ends the headers of a part.
const END_OF_HEADERS: &[u8] = b"\r\n\r\n";

/// Longest headers of a part, in bytes.
const MAX_HEADERS: usize = 16 << 10;

/// The parts of a form, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form(Vec<FormPart>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct FormPart {
    name: String,
    content: Bytes,
}

/// What parts the parts of a form, if `content_type` is that of one.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (essence, parameters) = content_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters, "boundary").filter(|text| (1..=LONGEST_BOUNDARY).contains(&text.len()))
}

impl Form {
    /// Reads a form whose parts `boundary` parts. The parts share the memory of `body`.
    pub(crate) fn read(body: &Bytes, boundary: &str) -> Result<Self, Rejection> {
        let fault = Rejection::Form;
        let delimiter = format!("\r\n--{boundary}");
        let finder = memmem::Finder::new(delimiter.as_bytes());
        let first = format!("--{boundary}");
        // The first one need not follow a line, and what stands before it means nothing.
        let mut at = if body.starts_with(first.as_bytes()) {
            first.len()
        } else {
            finder
                .find(body)
                .ok_or(fault("its boundary is not in it"))?
                + delimiter.len()
        };
        let mut parts = Vec::new();
        loop {
            let rest = body.slice(at.min(body.len())..);
            if rest.starts_with(b"--") {
                return Ok(Self(parts));
            }
            if parts.len() == MAX_PARTS {
                return Err(fault("it has too many parts"));
            }
            let line_end = memmem::find(&rest, b"\r\n").ok_or(fault("it ends before its end"))?;
            let padding = rest.get(..line_end).unwrap_or_default();
            if !padding.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
                return Err(fault("a line that begins as its boundary is none"));
            }
            // The line end before the headers counts as the one that ends them, where there are none.
            let part = rest.slice(line_end..);
            let headers = memmem::find(part.get(..MAX_HEADERS).unwrap_or(&part), END_OF_HEADERS)
                .ok_or(fault("a part has no end of its headers"))?;
            let name = name(part.get(..headers).unwrap_or_default());
            let content = headers + END_OF_HEADERS.len();
            // Where a part is empty, the line end before the boundary is the one behind the headers.
            let searched = content - b"\r\n".len();
            let end = finder
                .find(part.get(searched..).unwrap_or_default())
                .ok_or(fault("it ends before its end"))?
                + searched;
            parts.push(FormPart {
                name: name.unwrap_or_default(),
                content: part.slice(content.min(end)..end),
            });
            at += line_end + end + delimiter.len();
        }
    }

    /// The content of the first part of this name.
    pub(crate) fn part(&self, name: &str) -> Option<&Bytes> {
        let part = self.0.iter().find(|part| part.name == name)?;
        Some(&part.content)
    }
}

/// The name of a part by its headers.
fn name(headers: &[u8]) -> Option<String> {
    const HEADER: &str = "content-disposition:";
    let headers = String::from_utf8_lossy(headers);
    let line = headers
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with(HEADER))?;
    let (_, parameters) = line.split_once(';')?;
    parameter(parameters, "name")
}

/// A parameter of a header, quoted or not (RFC 9110 §5.6.6).
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        let (name, value) = rest.split_once('=')?;
        let name = name.trim_start_matches([';', ' ', '\t']).trim();
        let value = value.trim_start();
        let (text, after) = if let Some(quoted) = value.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (text, after) = value.split_once(';').unwrap_or((value, ""));
            (text.trim().to_owned(), after)
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = after;
    }
}

/// A quoted text up to its end, and what follows.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((text, quoted.get(at + 1..)?)),
            // Browsers and curl escape quotes so, and send the backslashes of Windows paths as they are.
            '\\' if quoted.get(at + 1..)?.starts_with('"') => {
                text.push('"');
                characters.next();
            }
            c => text.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(body: &str) -> Result<Vec<(String, String)>, Rejection> {
        let body = Bytes::from(body.replace('\n', "\r\n"));
        let form = Form::read(&body, "x")?;
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        Ok(form
            .0
            .iter()
            .map(|part| (part.name.clone(), text(&part.content)))
            .collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn parts_by_name() {
        let body = "--x\nContent-Disposition: form-data; name=\"chart\"; filename=\"C:\\a \\\"b\\\".tgz\"\n\
                    Content-Type: application/octet-stream\n\na\n--y\n\n--x\t \n\
                    content-disposition: form-data;filename=a;name=prov\n\n\n--x--\nafter";
        let expected = pairs(&[("chart", "a\r\n--y\r\n"), ("prov", "")]);
        assert_eq!(form(body), Ok(expected.clone()));
        assert_eq!(form(&format!("before\n{body}")), Ok(expected));
        assert_eq!(form("--x--"), Ok(vec![]));
        assert_eq!(form("--x\n\nbare\n--x--"), Ok(pairs(&[("", "bare")])));
    }

    #[test]
    fn what_is_cut_or_odd_is_refused() {
        for body in [
            "",
            "--y--",
            "--x",
            "--x\n",
            "--x\nContent-Disposition: form-data; name=a\n\ncut",
            "--x\nContent-Disposition: form-data; name=a\n--x--",
            "--xy\n\na\n--x--",
        ] {
            assert!(form(body).is_err(), "{body:?}");
        }
        let many = "--x\n\na\n".repeat(40);
        assert_eq!(form(&many), Err(Rejection::Form("it has too many parts")));
    }

    #[test]
    fn boundaries() {
        for (content_type, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            (
                "Multipart/Form-Data;charset=utf-8; Boundary=\"a;b c\"",
                Some("a;b c"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=a", None),
            ("application/gzip", None),
        ] {
            assert_eq!(
                boundary(content_type).as_deref(),
                expected,
                "{content_type}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_a_part_holds_comes_out(contents in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 1..5)) {
            let mut body = Vec::new();
            for content in &contents {
                body.extend_from_slice(b"--b0undary\r\nContent-Disposition: form-data; name=a\r\n\r\n");
                body.extend_from_slice(content);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"--b0undary--\r\n");
            let form = Form::read(&body.into(), "b0undary").unwrap();
            let read: Vec<Vec<u8>> = form.0.iter().map(|part| part.content.to_vec()).collect();
            prop_assert_eq!(read, contents);
        }

        #[test]
        fn nothing_panics(body in proptest::collection::vec(prop_oneof![Just(b'-'), Just(b'x'), Just(b'\r'), Just(b'\n'), any::<u8>()], 0..80)) {
            let _ = Form::read(&body.into(), "x");
        }
    }
}
