//! What is given by who pushes, and by who operates.

use bytes::Bytes;

use crate::access::Right;
use crate::chart::{ChartContents, VersionRange};
use crate::config::Config;
use crate::index::Space;
use crate::push::{Form, Provenance, Submission, boundary};

/// A form: the first line is its `Content-Type`, the rest its body.
pub(super) fn form(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (first, rest) = input.split_at(end);
    let body = Bytes::copy_from_slice(rest.get(1..).unwrap_or_default());
    if let Some(boundary) = std::str::from_utf8(first).ok().and_then(boundary)
        && let Ok(form) = Form::read(&body, &boundary)
    {
        for name in ["chart", "prov", ""] {
            let part = form.part(name);
            // A part shares the memory of the body, and holds no boundary.
            assert!(part.is_none_or(|part| {
                let delimiter = format!("\r\n--{boundary}");
                let mut windows = part.windows(delimiter.len());
                part.len() <= body.len() && !windows.any(|window| window == delimiter.as_bytes())
            }));
        }
    }
}

/// What `ACCOUNTS` says: nothing in it opens what a stranger has no right to, unless it grants strangers something.
pub(super) fn accounts(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let lookup = |name: &str| match name {
        "REGISTRY" => Some("registry.example/charts".to_owned()),
        "ACCOUNTS" => Some(text.to_owned()),
        _ => None,
    };
    if let Ok(config) = Config::from_lookup(lookup)
        && let Ok(space) = "team".parse::<Space>()
    {
        let stranger = crate::access::Principal::stranger(&config.accounts.anonymous);
        for right in [Right::Push, Right::Delete, Right::Refresh, Right::Inspect] {
            // YAML may spell the word with escapes, or begin it anew in the next line.
            let grants = text.contains("anonymous") || text.contains('\\');
            assert!(grants || !stranger.may(right, &space));
        }
    }
}

/// A package that is pushed, with what is told of it, and a provenance file.
pub(super) fn push(input: &[u8]) {
    let package = Bytes::copy_from_slice(input);
    let _ = ChartContents::of(input).map(|contents| contents.parsed_values());
    let _ = Provenance::read(&package);
    let _ = Submission::judge(package.clone(), None);
    let _ = Submission::judge(package.clone(), Some(package));
    if let Ok(text) = std::str::from_utf8(input)
        && let Some(range) = VersionRange::parse(text)
    {
        let _ = range.holds("1.2.3");
    }
}
