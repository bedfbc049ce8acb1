//! The paths of ChartMuseum's API.

use http::Method;

/// What is to be told of charts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) enum Exhibit {
    /// All charts of a space.
    All,
    /// The versions of a chart.
    Chart(String),
    /// One version.
    Version { name: String, version: String },
    /// Its templates and values.
    Templates { name: String, version: String },
    /// Its `values.yaml`.
    Values { name: String, version: String },
}

/// What a path of the API is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::serve) enum Museum {
    /// Tell of charts.
    Show(Exhibit),
    /// Store a chart.
    Upload,
    /// Store a provenance file.
    Sign,
    /// Delete a version of a chart.
    Delete { name: String, version: String },
}

impl Museum {
    /// What is behind `/api/`: the segments of the space, and what is asked of it. Of paths with several readings the one
    /// with the longest space counts.
    pub(in crate::serve) fn at<'s, 'p>(
        method: &Method,
        path: &'s [&'p str],
    ) -> Option<(&'s [&'p str], Self)> {
        let owned = |text: &str| text.to_owned();
        let writes = method == Method::POST;
        Some(match path {
            [space @ .., "charts"] if writes => (space, Self::Upload),
            [space @ .., "charts"] => (space, Self::Show(Exhibit::All)),
            [space @ .., "prov"] if writes => (space, Self::Sign),
            [space @ .., "charts", name] => (space, Self::Show(Exhibit::Chart(owned(name)))),
            [space @ .., "charts", name, version] => {
                let (name, version) = (owned(name), owned(version));
                if method == Method::DELETE {
                    (space, Self::Delete { name, version })
                } else {
                    (space, Self::Show(Exhibit::Version { name, version }))
                }
            }
            [
                space @ ..,
                "charts",
                name,
                version,
                what @ ("templates" | "values"),
            ] => {
                let (name, version) = (owned(name), owned(version));
                let shown = match *what {
                    "templates" => Exhibit::Templates { name, version },
                    _ => Exhibit::Values { name, version },
                };
                (space, Self::Show(shown))
            }
            _ => return None,
        })
    }

    /// The methods of its path.
    pub(in crate::serve) fn methods(&self) -> &'static str {
        match self {
            Self::Show(Exhibit::All) | Self::Upload => "GET, HEAD, POST",
            Self::Show(Exhibit::Version { .. }) | Self::Delete { .. } => "GET, HEAD, DELETE",
            Self::Show(_) => "GET, HEAD",
            Self::Sign => "POST",
        }
    }
}
