//! What a request asks for. Pure: a method and a path become a [`Route`] or the error that answers them.
//!
//! | path | methods |
//! |---|---|
//! | `/[<space>/]index.yaml` | GET, HEAD |
//! | `/[<space>/]charts/[<16 hex>/]<file>.tgz[.prov]` | GET, HEAD |
//! | `/`, `/health`, `/info`, `/metrics` | GET, HEAD |
//! | `/refresh[/<space or repository>]`, `/webhook/<kind>` | POST |
//!
//! What ends like one of the first two is theirs whatever the space is called; only `/v2` (the coming OCI gateway) and
//! `/api/v1/` (the coming API) are nobody's yet. Segments are percent-decoded once; what a decoded segment cannot be
//! (empty, `.`, `..`, with a slash in it) makes no path, and never reaches the registry.

use http::Method;
use percent_encoding::percent_decode_str;

use crate::error::{Error, Missing};
use crate::index::View;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// What this is.
    Home,
    /// Whether it is well.
    Health,
    /// Everything an operator wants to see.
    Info,
    /// Counts for Prometheus.
    Metrics,
    /// Start a sync, of everything or of what lies at or below a path.
    Refresh(Option<String>),
    /// A registry's notification.
    Webhook(Sender),
    /// The index of a view.
    Index(View),
    /// A package or its provenance.
    File(File),
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// The folder it is asked of.
    pub(super) view: View,
    /// The start of the package's digest in hex; without it the current package is meant.
    pub(super) digest: Option<String>,
    /// The package's file name, `<name>-<version>.tgz`. Never split: looked up.
    pub(super) name: String,
    /// Which of the two files.
    pub(super) part: Part,
}

/// One of the two files of a chart version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `<file>.tgz`.
    Package,
    /// `<file>.tgz.prov`.
    Provenance,
}

/// Who sends notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// CNCF distribution.
    Distribution,
    /// Harbor.
    Harbor,
    /// GitHub packages.
    GitHub,
}

/// File systems take names of 255 bytes, and Helm stores a package under its name.
const FILE_LIMIT: usize = 255;

/// Registries take repository names of 255 bytes (facts: registries §1.1); no space is longer.
const SPACE_LIMIT: usize = 255;

/// Hex digits of a digest in a link (design §2).
const DIGEST_DIGITS: usize = 16;

const READ: &str = "GET, HEAD";
const POST: &str = "POST";

impl Route {
    /// Reads method and path; the path as it came, without query.
    pub(super) fn of(method: &Method, path: &str) -> Result<Self, Error> {
        let route = Self::at(path).map_err(Error::NotFound)?;
        let allow = match route {
            Self::Refresh(_) | Self::Webhook(_) => POST,
            Self::Home
            | Self::Health
            | Self::Info
            | Self::Metrics
            | Self::Index(_)
            | Self::File(_) => READ,
        };
        if allow.split(", ").any(|allowed| method == allowed) {
            Ok(route)
        } else {
            Err(Error::MethodNotAllowed { allow })
        }
    }

    fn at(path: &str) -> Result<Self, Missing> {
        let path = path.strip_prefix('/').ok_or(Missing::Path)?;
        if path.is_empty() {
            return Ok(Self::Home);
        }
        let segments: Vec<String> = path
            .split('/')
            .map(segment)
            .collect::<Option<_>>()
            .ok_or(Missing::Path)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["v2", ..] | ["api", "v1", _, ..] => Err(Missing::Path),
            [space @ .., "index.yaml"] => Ok(Self::Index(view(space).ok_or(Missing::Space)?)),
            [space @ .., "charts", name] if is_file(name) => Self::file(space, None, name),
            [space @ .., "charts", digest, name] if is_digest(digest) && is_file(name) => {
                Self::file(space, Some(digest), name)
            }
            ["health"] => Ok(Self::Health),
            ["info"] => Ok(Self::Info),
            ["metrics"] => Ok(Self::Metrics),
            ["refresh"] => Ok(Self::Refresh(None)),
            ["refresh", path @ ..] => {
                let view = view(path).ok_or(Missing::Space)?;
                Ok(Self::Refresh(Some(view.as_str().to_owned())))
            }
            ["webhook", kind] => Ok(Self::Webhook(sender(kind).ok_or(Missing::Webhook)?)),
            _ => Err(Missing::Path),
        }
    }

    fn file(space: &[&str], digest: Option<&str>, name: &str) -> Result<Self, Missing> {
        let (package, part) = match name.strip_suffix(".prov") {
            Some(package) => (package, Part::Provenance),
            None => (name, Part::Package),
        };
        if package.len() > FILE_LIMIT || !package.bytes().all(is_file_byte) {
            return Err(Missing::File);
        }
        Ok(Self::File(File {
            view: view(space).ok_or(Missing::Space)?,
            digest: digest.map(str::to_owned),
            name: package.to_owned(),
            part,
        }))
    }
}

/// One segment, decoded once. A slash in it was encoded: that makes no path (`%2F` and `/` must not be two ways).
fn segment(raw: &str) -> Option<String> {
    let text = percent_decode_str(raw).decode_utf8().ok()?;
    let sound = !matches!(text.as_ref(), "" | "." | "..")
        && !text.contains(['/', '\\', '%'])
        && !text.contains(char::is_control);
    sound.then(|| text.into_owned())
}

/// The view of a folder, where a repository could lie below such a name.
fn view(segments: &[&str]) -> Option<View> {
    if segments.is_empty() {
        return Some(View::root());
    }
    let path = segments.join("/");
    if path.len() > SPACE_LIMIT {
        return None;
    }
    path.parse().ok()
}

fn sender(kind: &str) -> Option<Sender> {
    match kind {
        "distribution" => Some(Sender::Distribution),
        "harbor" => Some(Sender::Harbor),
        "github" => Some(Sender::GitHub),
        _ => None,
    }
}

fn is_file(name: &str) -> bool {
    let package = name.strip_suffix(".prov").unwrap_or(name);
    package
        .strip_suffix(".tgz")
        .is_some_and(|it| !it.is_empty())
}

fn is_digest(segment: &str) -> bool {
    segment.len() == DIGEST_DIGITS
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

/// What names and versions of charts are made of (facts: registries §5.6, semver.org §9 and §10).
fn is_file_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn get(path: &str) -> Result<Route, Error> {
        Route::of(&Method::GET, path)
    }

    #[track_caller]
    fn is_index(path: &str, space: &str) {
        assert_eq!(
            get(path),
            Ok(Route::Index(space.parse().unwrap())),
            "{path}"
        );
    }

    #[track_caller]
    fn is_file_of(path: &str, space: &str, digest: Option<&str>, name: &str, part: Part) {
        let file = File {
            view: space.parse().unwrap(),
            digest: digest.map(str::to_owned),
            name: name.to_owned(),
            part,
        };
        assert_eq!(get(path), Ok(Route::File(file)), "{path}");
    }

    #[track_caller]
    fn missing(path: &str, what: Missing) {
        assert_eq!(get(path), Err(Error::NotFound(what)), "{path}");
    }

    #[test]
    fn every_folder_is_a_repository() {
        is_index("/index.yaml", "");
        is_index("/team-a/index.yaml", "team-a");
        is_index("/team-a/sub/index.yaml", "team-a/sub");
        for space in [
            "charts",
            "api",
            "api/v2",
            "api/v1x",
            "info",
            "refresh",
            "webhook/github",
        ] {
            is_index(&format!("/{space}/index.yaml"), space);
        }
        is_index("/team%2Da/index.yaml", "team-a");
        is_index(
            "/charts/0123456789abcdef/index.yaml",
            "charts/0123456789abcdef",
        );
    }

    #[test]
    fn files_are_looked_up_by_their_whole_name() {
        use Part::{Package, Provenance};
        let hex = "0123456789abcdef";
        is_file_of("/charts/a-1.0.0.tgz", "", None, "a-1.0.0.tgz", Package);
        is_file_of(
            "/charts/a-1.0.0.tgz.prov",
            "",
            None,
            "a-1.0.0.tgz",
            Provenance,
        );
        is_file_of(
            &format!("/charts/{hex}/a-1.tgz"),
            "",
            Some(hex),
            "a-1.tgz",
            Package,
        );
        is_file_of(
            &format!("/x/charts/{hex}/a-1.tgz.prov"),
            "x",
            Some(hex),
            "a-1.tgz",
            Provenance,
        );
        is_file_of("/charts/charts/a-1.tgz", "charts", None, "a-1.tgz", Package);
        is_file_of(
            "/charts/a-1.0.0+b.5.tgz",
            "",
            None,
            "a-1.0.0+b.5.tgz",
            Package,
        );
        is_file_of(
            "/charts/a-1.0.0%2Bb.5.tgz",
            "",
            None,
            "a-1.0.0+b.5.tgz",
            Package,
        );
        is_file_of("/api/charts/a-1.tgz", "api", None, "a-1.tgz", Package);
    }

    #[test]
    fn the_other_routes() {
        assert_eq!(get("/"), Ok(Route::Home));
        assert_eq!(get("/health"), Ok(Route::Health));
        assert_eq!(get("/info"), Ok(Route::Info));
        assert_eq!(get("/metrics"), Ok(Route::Metrics));
        let post = |path| Route::of(&Method::POST, path);
        assert_eq!(post("/refresh"), Ok(Route::Refresh(None)));
        assert_eq!(post("/refresh/a/b"), Ok(Route::Refresh(Some("a/b".into()))));
        assert_eq!(post("/webhook/harbor"), Ok(Route::Webhook(Sender::Harbor)));
        assert_eq!(
            post("/webhook/quay"),
            Err(Error::NotFound(Missing::Webhook))
        );
    }

    #[test]
    fn nothing_is_there() {
        for path in [
            "",
            "x",
            "//",
            "/health/",
            "/x",
            "/charts",
            "/charts/",
            "/charts/x.zip",
            "/charts/.tgz",
            "/charts/.tgz.prov",
            "/charts/0123456789abcde/a-1.tgz",
            "/charts/0123456789ABCDEF/a-1.tgz",
            "/refresh/",
            "//index.yaml",
            "/./index.yaml",
            "/../index.yaml",
            "/%2e%2e/index.yaml",
            "/a%2Fb/index.yaml",
            "/a%5Cb/index.yaml",
            "/a/%00/index.yaml",
            "/%252e/index.yaml",
            "/charts/a%2Fb-1.tgz",
            "/charts/%ff-1.tgz",
            "/charts/..%2Fa.tgz",
            "/v2",
            "/v2/index.yaml",
            "/v2/charts/a-1.tgz",
            "/api/v1/index.yaml",
            "/api/v1/x",
            "/webhook",
            "/webhook/a/b",
            "/health%2f",
        ] {
            missing(path, Missing::Path);
        }
        missing("/Team/index.yaml", Missing::Space);
        missing("/a%20b/index.yaml", Missing::Space);
        missing("/-a/index.yaml", Missing::Space);
        missing(&format!("/{}/index.yaml", "a".repeat(256)), Missing::Space);
        missing("/charts/a%20b.tgz", Missing::File);
        missing("/charts/ä-1.tgz", Missing::File);
        missing(&format!("/charts/{}.tgz", "a".repeat(252)), Missing::File);
    }

    #[test]
    fn known_paths_with_other_methods() {
        #[track_caller]
        fn refused(method: &str, path: &str, allow: &'static str) {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(
                Route::of(&method, path),
                Err(Error::MethodNotAllowed { allow }),
                "{path}"
            );
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get"] {
            for path in [
                "/",
                "/index.yaml",
                "/charts/a-1.tgz",
                "/health",
                "/info",
                "/metrics",
            ] {
                refused(method, path, "GET, HEAD");
            }
        }
        for method in ["GET", "HEAD", "PUT"] {
            for path in ["/refresh", "/refresh/a", "/webhook/github"] {
                refused(method, path, "POST");
            }
        }
        assert_eq!(Route::of(&Method::HEAD, "/"), Ok(Route::Home));
        assert_eq!(
            Route::of(&Method::POST, "/nothing"),
            Err(Error::NotFound(Missing::Path))
        );
    }

    proptest! {
        #[test]
        fn no_path_panics_and_no_file_leaves_its_folder(path in "(/[a-z0-9.%+/_-]{0,6}){0,5}(/charts/)?[a-z.%2fF+é-]{0,8}(.tgz)?") {
            if let Ok(Route::File(file)) = get(&path) {
                prop_assert!(!file.name.contains(['/', '\\', '%']));
            }
        }
    }
}
