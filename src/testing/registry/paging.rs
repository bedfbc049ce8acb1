//! Lists in pages, and the many ways to write a `Link`.

use std::collections::BTreeMap;

/// How the next page is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkStyle {
    /// `</v2/…?last=…&n=…>; rel="next"`, as distribution.
    Relative,
    /// `<https://host/v2/…>; rel="next"`, as ECR and Quay.
    Absolute,
    /// `https://host/v2/…; rel=next`, on every page, `last` empty after an empty one, as Cloudflare's serverless registry.
    Unbracketed,
    /// A path that lacks the proxy's prefix, as Artifactory and Nexus.
    WrongPath,
    /// To another host.
    Foreign,
    /// To the page itself.
    Circular,
    /// Nothing that can be read.
    Malformed,
}

/// One page out of `names`, which are in order, and the `Link` to the next one.
pub(super) fn page<'a>(
    names: &[&'a str],
    query: &BTreeMap<String, String>,
    size: Option<usize>,
    style: LinkStyle,
    origin: &str,
    path_and_query: &str,
) -> (Vec<&'a str>, Option<String>) {
    let last = query.get("last").map_or("", String::as_str);
    let rest: Vec<&str> = names.iter().copied().filter(|name| *name > last).collect();
    let asked: Option<usize> = query.get("n").and_then(|n| n.parse().ok());
    let size = match (size, asked) {
        (Some(size), Some(asked)) => size.min(asked),
        (Some(size), None) => size,
        (None, _) => usize::MAX,
    };
    let page: Vec<&str> = rest.iter().copied().take(size).collect();
    let more = page.len() < rest.len();
    let end = page.last().copied().unwrap_or("");
    let path = path_and_query.split('?').next().unwrap();
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("last", end)
        .append_pair("n", &asked.unwrap_or(size).to_string())
        .finish();
    let link = match style {
        LinkStyle::Unbracketed => Some(format!("{origin}{path}?{query}; rel=next")),
        _ if !more => None,
        LinkStyle::Relative => Some(format!("<{path}?{query}>; rel=\"next\"")),
        LinkStyle::Absolute => Some(format!("<{origin}{path}?{query}>; rel=\"next\"")),
        LinkStyle::WrongPath => Some(format!("</somewhere/else?{query}>; rel=\"next\"")),
        LinkStyle::Foreign => Some(format!(
            "<https://evil.example{path}?{query}>; rel=\"next\""
        )),
        LinkStyle::Circular => Some(format!("<{path_and_query}>; rel=\"next\"")),
        LinkStyle::Malformed => Some("<<>>;;; rel".to_owned()),
    };
    (page, link)
}
