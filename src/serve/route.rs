//! What a request asks for. Pure: a method and a path become a [`Route`] or the error that answers them.
//! `museum` has the paths of ChartMuseum's API, `spaces` those of the space / chart / version API.
//!
//! | path | methods |
//! |---|---|
//! | `/[<space>/]index.yaml` | GET, HEAD |
//! | `/[<space>/]charts/[<16 hex>/]<file>.tgz[.prov]` | GET, HEAD |
//! | `/[<space>/]artifacthub-repo.yml` | GET, HEAD |
//! | `/`, `/<space>`, `/health[?deep]`, `/info`, `/metrics` | GET, HEAD |
//! | `/api/[<space>/]charts` | GET, HEAD, POST |
//! | `/api/[<space>/]charts/<name>` | GET, HEAD |
//! | `/api/[<space>/]charts/<name>/<version>` | GET, HEAD, DELETE |
//! | `/api/[<space>/]charts/<name>/<version>/templates`, `…/values` | GET, HEAD |
//! | `/api/[<space>/]prov` | POST |
//! | `/<context>/api/[<space>/]charts`, `…/prov`: of the space `<context>/<space>` | POST |
//! | `/api/v1/spaces…` | see `spaces` |
//! | `/apidocs.json` | GET, HEAD |
//! | `/refresh[/<space or repository>]`, `/webhook/<kind>` | POST |
//!
//! A path that ends like one of the first three is one of them, whatever the space is called; only `/v2` is kept free, for the
//! coming OCI gateway, and all of `/api/v1` belongs to the API of spaces. Segments are percent-decoded once; a path with a segment
//! that is then empty, `.`, `..`, or has a slash in it, is not found, and never reaches the registry.

mod museum;
mod spaces;

use http::Method;
use percent_encoding::percent_decode_str;

use crate::chart::FileName;
use crate::error::{Error, Missing};
use crate::index::{LINK_DIGITS, Space};

pub(super) use museum::{Exhibit, Museum};
pub(super) use spaces::{NamedVersion, SpaceCall, space_name};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// What this is.
    Home,
    /// Whether it is up.
    Health,
    /// Whether every source is read.
    DeepHealth,
    /// Everything an operator wants to see.
    Info,
    /// Counts for Prometheus.
    Metrics,
    /// Start a sync, of everything or of what lies at or below a path.
    Refresh(Option<String>),
    /// A registry's notification.
    Webhook(Sender),
    /// What ChartMuseum's API does with a folder.
    Museum(Space, Museum),
    /// What the space / chart / version API does with a space.
    Spaces(Space, SpaceCall),
    /// The `OpenAPI` document of that API.
    ApiDocs,
    /// The index of a folder.
    Index(Space),
    /// A package or its provenance.
    File(File),
    /// What Artifact Hub wants to know of a folder.
    ArtifactHub(Space),
    /// A space's own address: what this is, if there is such a space.
    Space(Space),
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// The folder it is asked of.
    pub(super) space: Space,
    /// The start of the package's digest in hex; without it the current package is meant.
    pub(super) digest: Option<String>,
    /// The package's file name. Never split: looked up.
    pub(super) name: FileName,
    /// Which of the two files.
    pub(super) part: Part,
}

impl File {
    /// Under what a file that is not there is remembered, however its path was spelt.
    pub(super) fn key(&self) -> String {
        let Self {
            space,
            digest,
            name,
            part,
        } = self;
        let digest = digest.as_deref().unwrap_or_default();
        format!("{space}/charts/{digest}/{name} {part:?}")
    }
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

/// Clients take repository names of 255 bytes (OCI distribution spec, "Pulling manifests"); no space is longer.
const SPACE_LIMIT: usize = 255;

impl Route {
    /// Reads method and path; the path as it came, without query.
    ///
    /// What a query turns into another route is told by [`Route::asked`].
    pub(super) fn of(method: &Method, path: &str) -> Result<Self, Error> {
        let route = Self::at(method, path)?;
        let allow = route.rule().methods;
        if allow.split(", ").any(|allowed| method == allowed) {
            return Ok(route);
        }
        match route {
            // Whether there is such a space is not looked up for that.
            Self::Space(_) => Err(Error::NotFound(Missing::Path)),
            _ => Err(Error::MethodNotAllowed { allow }),
        }
    }

    /// What is asked for with this query.
    pub(super) fn asked(self, query: Option<&str>) -> Self {
        let query = query.unwrap_or_default().as_bytes();
        let deep = || url::form_urlencoded::parse(query).any(|(name, _)| name == "deep");
        match self {
            Self::Health if deep() => Self::DeepHealth,
            route => route,
        }
    }

    fn at(method: &Method, path: &str) -> Result<Self, Error> {
        let segments = segments(path).map_err(Error::NotFound)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            [] => Ok(Self::Home),
            ["api", "v1", path @ ..] => {
                let (space, call) = SpaceCall::at(method, path)?;
                Ok(Self::Spaces(space, call))
            }
            segments => Self::of_segments(method, segments).map_err(Error::NotFound),
        }
    }

    fn of_segments(method: &Method, segments: &[&str]) -> Result<Self, Missing> {
        match segments {
            ["v2", ..] => Err(Missing::Path),
            [space @ .., "index.yaml"] => Ok(Self::Index(folder(space).ok_or(Missing::Space)?)),
            [space @ .., "charts", name] if is_file(name) => Self::file(space, None, name),
            [space @ .., "charts", digest, name] if is_digest(digest) && is_file(name) => {
                Self::file(space, Some(digest), name)
            }
            [space @ .., "artifacthub-repo.yml"] => {
                Ok(Self::ArtifactHub(folder(space).ok_or(Missing::Space)?))
            }
            ["api", path @ ..] if let Some((space, museum)) = Museum::at(method, path) => {
                Ok(Self::Museum(folder(space).ok_or(Missing::Space)?, museum))
            }
            path if method == Method::POST
                && let Some((space, museum)) = behind_context(path) =>
            {
                Ok(Self::Museum(folder(&space).ok_or(Missing::Space)?, museum))
            }
            ["health"] => Ok(Self::Health),
            ["info"] => Ok(Self::Info),
            ["metrics"] => Ok(Self::Metrics),
            ["apidocs.json"] => Ok(Self::ApiDocs),
            ["refresh"] => Ok(Self::Refresh(None)),
            ["refresh", path @ ..] => {
                let space = folder(path).ok_or(Missing::Space)?;
                Ok(Self::Refresh(Some(space.as_str().to_owned())))
            }
            ["webhook", kind] => Ok(Self::Webhook(sender(kind).ok_or(Missing::Webhook)?)),
            space => Ok(Self::Space(folder(space).ok_or(Missing::Path)?)),
        }
    }

    fn file(space: &[&str], digest: Option<&str>, name: &str) -> Result<Self, Missing> {
        let (package, part) = match name.strip_suffix(".prov") {
            Some(package) => (package, Part::Provenance),
            None => (name, Part::Package),
        };
        let name = package.parse().map_err(|_| Missing::File)?;
        Ok(Self::File(File {
            space: folder(space).ok_or(Missing::Space)?,
            digest: digest.map(str::to_owned),
            name,
            part,
        }))
    }
}

/// The segments of a path, none of the root.
fn segments(path: &str) -> Result<Vec<String>, Missing> {
    let path = path.strip_prefix('/').ok_or(Missing::Path)?;
    if path.is_empty() {
        return Ok(Vec::new());
    }
    // A slash behind a path means nothing.
    let path = path.strip_suffix('/').unwrap_or(path);
    let segments = path.split('/').map(segment);
    segments.collect::<Option<_>>().ok_or(Missing::Path)
}

/// One segment, decoded once. A slash in it was encoded: that makes no path (`%2F` and `/` must not be two ways).
fn segment(raw: &str) -> Option<String> {
    let text = percent_decode_str(raw).decode_utf8().ok()?;
    let sound = !matches!(text.as_ref(), "" | "." | "..")
        && !text.contains(['/', '\\', '%'])
        && !text.contains(char::is_control);
    sound.then(|| text.into_owned())
}

/// The folder of these segments, where a repository could lie below such a name.
fn folder(segments: &[&str]) -> Option<Space> {
    if segments.is_empty() {
        return Some(Space::root());
    }
    let path = segments.join("/");
    if path.len() > SPACE_LIMIT {
        return None;
    }
    path.parse().ok()
}

/// What `helm cm-push --context-path /<context>` posts to, `/<context>/api/[<space>/]charts`: the context is the beginning of
/// the space. Only what is posted, as spaces and charts may be called `api`.
fn behind_context<'p>(path: &[&'p str]) -> Option<(Vec<&'p str>, Museum)> {
    let at = path.iter().position(|segment| *segment == "api")?;
    let (context, rest) = path.split_at_checked(at)?;
    let (space, museum) = Museum::at(&Method::POST, rest.get(1..)?)?;
    let is_context = !context.is_empty() && matches!(museum, Museum::Upload | Museum::Sign);
    is_context.then(|| ([context, space].concat(), museum))
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
        .strip_suffix(FileName::EXTENSION)
        .is_some_and(|it| !it.is_empty())
}

fn is_digest(segment: &str) -> bool {
    segment.len() == LINK_DIGITS
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
