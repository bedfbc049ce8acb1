//! The paths of the space / chart / version API.

use http::Method;

use super::folder;
use crate::chart::{FileName, Version};
use crate::error::{Error, Missing};
use crate::index::Space;

/// A version of a chart, as a path names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) struct NamedVersion {
    /// The chart's name.
    pub(in crate::serve) name: String,
    /// The version.
    pub(in crate::serve) version: String,
    /// The file name of its package.
    pub(in crate::serve) file: FileName,
}

/// What a request of the API wants of a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) enum SpaceCall {
    /// Tell which spaces there are.
    Spaces,
    /// Create a space.
    Create,
    /// Delete a space with all that is in it.
    Remove,
    /// Tell which charts there are.
    Charts,
    /// Store a chart.
    Upload,
    /// Delete a chart with all its versions.
    RemoveChart(String),
    /// Tell which versions of a chart there are.
    Versions(String),
    /// Give the package of a version.
    Download(NamedVersion),
    /// Store another package in the place of a version.
    Replace(NamedVersion),
    /// Delete a version.
    RemoveVersion(NamedVersion),
    /// Tell what a version and the charts in it say of themselves.
    Metadata(NamedVersion),
    /// Replace what a version says of itself.
    ReplaceMetadata(NamedVersion),
    /// Tell the values of a version and of the charts in it.
    Values(NamedVersion),
    /// Replace the values of a version.
    ReplaceValues(NamedVersion),
    /// Tell what charts say of themselves: all, or those of a name; all versions, or the latest.
    Describe { chart: Option<String>, latest: bool },
}

const SPACE: Error = Error::BadRequest(
    "a space has a name of lower case letters, digits and single . _ - between them",
);
const CHART: Error = Error::BadRequest(
    "a chart has a name of letters, digits, . _ - that begins with a letter or digit",
);
const VERSION: Error = Error::BadRequest("a version is a semantic version such as 1.2.3");

impl SpaceCall {
    /// Reads what is behind `/api/v1/`: of which space it is, and what is wanted. Of paths with several readings the one with
    /// the longest space counts.
    pub(in crate::serve) fn at(method: &Method, path: &[&str]) -> Result<(Space, Self), Error> {
        let ["spaces", path @ ..] = path else {
            return Err(Error::NotFound(Missing::Path));
        };
        let deletes = method == Method::DELETE;
        let chart = |name: &str| {
            let sound = is_chart_name(name);
            sound.then(|| name.to_owned()).ok_or(CHART)
        };
        let (space, call) = match path {
            [] if method == Method::POST => return Ok((Space::root(), Self::Create)),
            [] => return Ok((Space::root(), Self::Spaces)),
            [space @ .., "charts"] if !space.is_empty() && method == Method::POST => {
                (space, Self::Upload)
            }
            [space @ .., "charts"] if !space.is_empty() => (space, Self::Charts),
            [space @ .., "charts", name] if !space.is_empty() => {
                let missing = |_| Error::NotFound(Missing::Chart);
                (space, Self::RemoveChart(chart(name).map_err(missing)?))
            }
            [space @ .., "charts", name, "versions"] if !space.is_empty() => {
                (space, Self::Versions(chart(name)?))
            }
            [space @ .., "charts", name, "versions", version] if !space.is_empty() => {
                let named = NamedVersion::of(name, version)?;
                let call = match *method {
                    Method::PUT => Self::Replace(named),
                    Method::DELETE => Self::RemoveVersion(named),
                    _ => Self::Download(named),
                };
                (space, call)
            }
            [
                space @ ..,
                "charts",
                name,
                "versions",
                version,
                "manifests",
                what @ ("metadata" | "values"),
            ] if !space.is_empty() => {
                let named = NamedVersion::of(name, version)?;
                let call = match (*what, method == Method::PUT) {
                    ("metadata", false) => Self::Metadata(named),
                    ("metadata", true) => Self::ReplaceMetadata(named),
                    (_, false) => Self::Values(named),
                    (_, true) => Self::ReplaceValues(named),
                };
                (space, call)
            }
            [space @ .., "charts", name, "metadata"] if !space.is_empty() => {
                (space, Self::describe(Some(chart(name)?), false))
            }
            [space @ .., "charts", name, "metadata", "latest"] if !space.is_empty() => {
                (space, Self::describe(Some(chart(name)?), true))
            }
            [space @ .., "metadata"] if !space.is_empty() => (space, Self::describe(None, false)),
            [space @ .., "metadata", "latest"] if !space.is_empty() => {
                (space, Self::describe(None, true))
            }
            space => (space, Self::Remove),
        };
        match folder(space) {
            Some(space) => Ok((space, call)),
            None if deletes && !matches!(call, Self::RemoveVersion(_)) => {
                Err(Error::NotFound(Missing::Space))
            }
            None => Err(SPACE),
        }
    }

    /// Whether the address of a space is its own: that of `team/charts/web` is the one of a chart in `team`.
    pub(in crate::serve) fn reaches(space: &Space) -> bool {
        let path = format!("spaces/{space}");
        let path: Vec<&str> = path.split('/').collect();
        Self::at(&Method::DELETE, &path) == Ok((space.clone(), Self::Remove))
    }

    fn describe(chart: Option<String>, latest: bool) -> Self {
        Self::Describe { chart, latest }
    }

    /// The methods of its path.
    pub(in crate::serve) fn methods(&self) -> &'static str {
        match self {
            Self::Spaces | Self::Create | Self::Charts | Self::Upload => "GET, HEAD, POST",
            Self::Remove | Self::RemoveChart(_) => "DELETE",
            Self::Download(_) | Self::Replace(_) | Self::RemoveVersion(_) => {
                "GET, HEAD, PUT, DELETE"
            }
            Self::Metadata(_)
            | Self::ReplaceMetadata(_)
            | Self::Values(_)
            | Self::ReplaceValues(_) => "GET, HEAD, PUT",
            Self::Versions(_) | Self::Describe { .. } => "GET, HEAD",
        }
    }
}

impl NamedVersion {
    /// Reads a name and a version.
    pub(in crate::serve) fn of(name: &str, version: &str) -> Result<Self, Error> {
        if !is_chart_name(name) {
            return Err(CHART);
        }
        if Version::parse(version).is_err() {
            return Err(VERSION);
        }
        Ok(Self {
            file: FileName::of(name, version).map_err(|_| VERSION)?,
            version: version.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// The name of a space as a request gives it.
pub(in crate::serve) fn space_name(text: &str) -> Result<Space, Error> {
    let segments: Vec<&str> = text.split('/').collect();
    folder(&segments)
        .filter(|space| !space.is_root())
        .ok_or(SPACE)
}

/// Whether a chart can be called so. (Which names a registry can have is another question.)
fn is_chart_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && FileName::of(name, "0").is_ok()
        && !name.contains('+')
}
