//! Paged lists: the `Link` header and the place it leads to.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use serde::{Deserialize, Serialize};
use url::Url;

use super::Invalid;

/// The longest query that is kept. Quay's encrypted `next_page` has some hundred characters.
const MAX_LENGTH: usize = 4096;

/// A place in a paged list: the query of the next request. Only the query, so that no registry can lead a list to another
/// path. Registries behind proxies name wrong ones (sonatype/nexus-public#209), and the query alone is always enough.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Next(String);

impl Next {
    /// The query without its question mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Next {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let allowed = |b: u8| {
            b.is_ascii_graphic()
                && !matches!(
                    b,
                    b'#' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}'
                )
        };
        if (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::Next)
        }
    }
}

impl TryFrom<String> for Next {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Next> for String {
    fn from(next: Next) -> Self {
        next.0
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the next page of a list is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Nowhere: this was the last page.
    End,
    /// At the next page.
    Next(Next),
    /// Somewhere it cannot be followed to: malformed, to another host, or to the page it came with.
    Unusable,
}

/// Reads the `Link` headers (RFC 8288) that came with the page at `requested`. Takes the variants of real registries: relative
/// (distribution), absolute (ECR, Quay), without brackets (Cloudflare's serverless-registry), with a wrong path (Artifactory and
/// Nexus behind proxies). Only the query is kept, so a wrong path, or a port and scheme from behind a proxy, do no harm; another host does not know this list.
pub fn next<'a>(values: impl IntoIterator<Item = &'a str>, requested: &Uri) -> Link {
    let mut found = Link::End;
    for (target, relation) in values.into_iter().flat_map(parse) {
        match relation {
            Some(relation) if is_next(&relation) => {
                return to(target, requested);
            }
            // The page before, the first one: not what is looked for.
            Some(_) => {}
            None => found = Link::Unusable,
        }
    }
    found
}

/// Reads a next page's address that came as it is, in a body, with the page at `requested`; judged as [`next`] does.
pub fn to(target: &str, requested: &Uri) -> Link {
    resolve(target, requested).map_or(Link::Unusable, Link::Next)
}

fn is_next(relation: &str) -> bool {
    relation
        .split_ascii_whitespace()
        .any(|word| word.eq_ignore_ascii_case("next"))
}

fn resolve(target: &str, requested: &Uri) -> Option<Next> {
    let base = Url::parse(&requested.to_string()).ok()?;
    let url = base.join(target).ok()?;
    let query = url.query().filter(|query| Some(*query) != base.query())?;
    (url.host() == base.host() && matches!(url.scheme(), "http" | "https"))
        .then(|| query.parse().ok())?
}

/// The links of one header value: each target with its `rel`, if it has one. Something that is no link at all counts as a
/// link without one.
fn parse(value: &str) -> Vec<(&str, Option<String>)> {
    let mut links = Vec::new();
    let mut rest = value.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (target, parameters) = match rest.strip_prefix('<') {
            Some(inside) => inside.split_once('>').unwrap_or((inside, "")),
            // Cloudflare's serverless registry leaves the brackets out.
            None => rest.split_at(rest.find(';').unwrap_or(rest.len())),
        };
        let (parameters, others) = parameters.split_at(end_of_link(parameters));
        links.push((target.trim(), relation(parameters)));
        rest = others.trim_start_matches([' ', '\t', ',']);
    }
    links
}

/// Where the parameters of a link end: at a comma outside of quotes.
fn end_of_link(parameters: &str) -> usize {
    let mut quoted = false;
    let end = parameters.find(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    end.unwrap_or(parameters.len())
}

fn relation(parameters: &str) -> Option<String> {
    parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("rel")
            .then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REQUESTED: &str = "https://registry.example/v2/acme/nginx/tags/list?n=2";

    #[track_caller]
    fn read(value: &str) -> Link {
        next([value], &REQUESTED.parse().unwrap())
    }

    #[test]
    fn as_registries_send_them() {
        for (value, expected) in [
            // distribution: relative.
            (
                r#"</v2/acme/nginx/tags/list?last=b&n=2>; rel="next""#,
                "last=b&n=2",
            ),
            (
                r#"</v2/_catalog?last=charts%2Fc0&n=2>; rel="next""#,
                "last=charts%2Fc0&n=2",
            ),
            // ECR, Quay: absolute, opaque.
            (
                r#"<https://registry.example/v2/acme/nginx/tags/list?n=2&next_page=gAAA%3D%3D>; rel="next""#,
                "n=2&next_page=gAAA%3D%3D",
            ),
            // ACR: an empty parameter at the end.
            (
                r#"</v2/_catalog?last=x&n=2&orderby=>; rel="next""#,
                "last=x&n=2&orderby=",
            ),
            // Artifactory, Nexus: a path without the proxy's prefix.
            (
                r#"</api/docker/v2/acme/nginx/tags/list?last=b>; rel="next""#,
                "last=b",
            ),
            // Cloudflare's serverless registry: no brackets, no quotes.
            (
                "https://registry.example/v2/acme/nginx/tags/list?n=50&last=b; rel=next",
                "n=50&last=b",
            ),
            // Behind a proxy that ends TLS.
            (
                r#"<http://registry.example:5000/v2/acme/nginx/tags/list?last=b>; rel="next""#,
                "last=b",
            ),
            ("<?last=b>;rel=next", "last=b"),
            ("<?last=b> ; title=\"a, b\" ; REL = \"prev NEXT\"", "last=b"),
            // Harbor: several links.
            (
                r#"</v2/x?page=1>; rel="prev" , </v2/x?page=3>; rel="next""#,
                "page=3",
            ),
            (r#", <?a=1,2>; rel="first",<?a=3,4>; rel="next""#, "a=3,4"),
        ] {
            assert_eq!(
                read(value),
                Link::Next(expected.parse().unwrap()),
                "{value}"
            );
        }
    }

    #[test]
    fn the_end() {
        assert_eq!(next([], &REQUESTED.parse().unwrap()), Link::End);
        for value in [
            "",
            " ",
            r#"</v2/x?page=1>; rel="prev""#,
            "<?a>; rel=first, <?b>; rel=prev",
        ] {
            assert_eq!(read(value), Link::End, "{value}");
        }
    }

    #[test]
    fn unusable_ones_are_no_end() {
        for value in [
            r#"<https://evil.example/v2/acme/nginx/tags/list?last=b>; rel="next""#,
            r#"<//evil.example/v2/x?last=b>; rel="next""#,
            r#"<ftp://registry.example/x?last=b>; rel="next""#,
            // To the same page again.
            r#"</v2/acme/nginx/tags/list?n=2>; rel="next""#,
            r#"<?n=2>; rel="next""#,
            // No query: the first page again.
            r#"</v2/acme/nginx/tags/list>; rel="next""#,
            r#"<>; rel="next""#,
            "<<>>;;; rel",
            "nonsense",
            "</v2/x?last=b>",
            "<https://[/x?a=b>; rel=next",
            "<?never=closed; rel=next",
        ] {
            assert_eq!(read(value), Link::Unusable, "{value}");
        }
        let long = format!("<?last={}>; rel=next", "a".repeat(MAX_LENGTH));
        assert_eq!(read(&long), Link::Unusable);
    }

    #[test]
    fn several_headers() {
        let requested = REQUESTED.parse().unwrap();
        let next = next(
            [r#"</x?a=1>; rel="prev""#, r#"</x?a=2>; rel="next""#],
            &requested,
        );
        assert_eq!(next, Link::Next("a=2".parse().unwrap()));
    }

    #[test]
    fn a_place_is_a_query_and_nothing_more() {
        for bad in ["", "a b", "a#b", "é", "a\nb", "a<b"] {
            assert_eq!(bad.parse::<Next>(), Err(Invalid::Next), "{bad:?}");
        }
        assert_eq!(
            serde_json::from_str::<Next>("\"last=b&n=2\"")
                .unwrap()
                .as_str(),
            "last=b&n=2"
        );
        assert!(serde_json::from_str::<Next>("\"a#b\"").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(value in "\\PC*") {
            read(&value);
        }

        #[test]
        fn never_panics_on_fragments(value in "([a-z?/]{1,3}|[ ,;=\"<>]|rel=next|é|https://registry.example){0,20}") {
            read(&value);
        }

        #[test]
        fn round_trip(last in "[a-zA-Z0-9._/ é&=+%-]{1,40}") {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("last", &last).finish();
            let expected = Link::Next(query.parse().unwrap());
            prop_assert_eq!(read(&format!("</v2/x?{query}>; rel=\"next\"")), expected);
            prop_assert_eq!(query.parse::<Next>().unwrap().to_string(), query);
        }
    }
}
