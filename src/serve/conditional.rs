//! Conditional and range requests (RFC 9110 §13 and §14), as far as documents with strong entity tags need them.
//!
//! Our own: the `headers` crate would bring `mime`, `sha1` and an older `base64` for three headers of its thirty, and a
//! `Range` is passed on as it came, not as ranges that were read.

use http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};

/// Whether `If-None-Match` names `etag`, so that the answer is 304: weak comparison, lists, `*` (RFC 9110 §13.1.2).
///
/// Weak, because an edge that recompresses weakens the tag it hands on (<https://developers.cloudflare.com/cache/reference/etag-headers/>).
pub(super) fn not_modified(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| names(list, opaque(etag)))
}

/// The `Range` to pass on: one range of bytes (RFC 9110 §14.1.2), and none when `If-Range` wants another version than
/// `etag` (§13.1.5, strong comparison). Several ranges, other units and what is no range are ignored, as a server may
/// (§14.2): registries answer several with a multipart body that nobody here asked for, or with an error.
pub(super) fn range<'h>(headers: &'h HeaderMap, etag: &str) -> Option<&'h HeaderValue> {
    let mut ranges = headers.get_all(RANGE).iter();
    let range = ranges.next().filter(|range| is_one_range(range))?;
    if ranges.next().is_some() {
        return None;
    }
    match headers.get(IF_RANGE) {
        Some(wanted) if wanted.as_bytes() != etag.as_bytes() => None,
        Some(_) | None => Some(range),
    }
}

/// Whether this is `bytes=<first>-[<last>]` or `bytes=-<length>`.
fn is_one_range(value: &HeaderValue) -> bool {
    let Some((unit, range)) = value.to_str().ok().and_then(|text| text.split_once('=')) else {
        return false;
    };
    let Some((first, last)) = range.trim_matches([' ', '\t']).split_once('-') else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // Compared as text of equal length: a number may be longer than any type.
    let (from, to) = (first.trim_start_matches('0'), last.trim_start_matches('0'));
    let ordered = first.is_empty() || last.is_empty() || (from.len(), from) <= (to.len(), to);
    unit.eq_ignore_ascii_case("bytes")
        && !(first.is_empty() && last.is_empty())
        && digits(first)
        && digits(last)
        && ordered
}

/// The tag without the mark of weakness.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether a list of entity tags holds `tag`. A tag may hold commas, so the list is walked and not split; what is no
/// tag ends the walk.
fn names(list: &str, tag: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let mut rest = list;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some(body) = opaque(rest).strip_prefix('"') else {
            return false;
        };
        let Some((inner, after)) = body.split_once('"') else {
            return false;
        };
        if tag.strip_prefix('"').and_then(|t| t.strip_suffix('"')) == Some(inner) {
            return true;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(header: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, header.parse().unwrap());
        assert_eq!(not_modified(&headers, "\"a,b\""), expected, "{header}");
    }

    #[test]
    fn if_none_match() {
        check("\"a,b\"", true);
        check("W/\"a,b\"", true);
        check("*", true);
        check(" * ", true);
        check("\"x\", \"a,b\"", true);
        check("\"x\",,W/\"y\" ,\tW/\"a,b\"", true);
        check("\"a\"", false);
        check("a,b", false);
        check("\"a,b", false);
        check("w/\"a,b\"", false);
        check("", false);
        check("\"x\" * \"a,b\"", false);
    }

    #[test]
    fn several_headers_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(IF_NONE_MATCH, "\"x\"".parse().unwrap());
        headers.append(IF_NONE_MATCH, "\"y\"".parse().unwrap());
        assert!(not_modified(&headers, "\"y\""));
        assert!(!not_modified(&headers, "\"z\""));
        assert!(!not_modified(&HeaderMap::new(), "\"z\""));
    }

    #[test]
    fn a_range_of_another_version_is_no_range() {
        let mut headers = HeaderMap::new();
        assert_eq!(range(&headers, "\"a\""), None);
        headers.insert(RANGE, "bytes=0-1".parse().unwrap());
        assert_eq!(range(&headers, "\"a\"").unwrap(), "bytes=0-1");
        headers.insert(IF_RANGE, "\"a\"".parse().unwrap());
        assert_eq!(range(&headers, "\"a\"").unwrap(), "bytes=0-1");
        for other in ["\"b\"", "W/\"a\"", "Sat, 21 Nov 2026 00:00:00 GMT"] {
            headers.insert(IF_RANGE, other.parse().unwrap());
            assert_eq!(range(&headers, "\"a\""), None, "{other}");
        }
    }

    /// `Range: bytes=0-0,5-6` while streaming was answered 502.
    #[test]
    fn only_one_range_of_bytes_is_passed_on() {
        let passed = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, value.parse().unwrap());
            range(&headers, "\"a\"").is_some()
        };
        for one in [
            "bytes=0-0",
            "bytes=5-",
            "bytes=-7",
            "Bytes=1-10",
            "bytes= 1-2 ",
            "bytes=09-10",
        ] {
            assert!(passed(one), "{one}");
        }
        for none in [
            "bytes=0-0,5-6",
            "bytes=0-0, 5-6",
            "bytes=-",
            "bytes=",
            "bytes",
            "bytes=6-5",
            "bytes=10-9",
            "bytes=a-b",
            "bytes=1-2-3",
            "bytes=+1-2",
            "bytes=0x1-2",
            "lines=1-2",
            "bytes 1-2",
            "",
            "1-2",
        ] {
            assert!(!passed(none), "{none}");
        }
        let mut headers = HeaderMap::new();
        headers.append(RANGE, "bytes=0-0".parse().unwrap());
        headers.append(RANGE, "bytes=5-6".parse().unwrap());
        assert_eq!(range(&headers, "\"a\""), None);
    }

    proptest! {
        #[test]
        fn no_list_panics(list in "[ ,*W/\"a-c]{0,40}") {
            let _ = names(&list, "\"a\"");
        }
    }
}
