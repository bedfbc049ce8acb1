//! Why a chart is not served.

/// Longest piece of foreign text that a reason repeats, in characters: enough to recognise it by.
const QUOTED: usize = 64;

/// Why a chart is not served: facts for `/info`, short and without control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The metadata is longer than is read, in bytes.
    #[error("metadata is larger than {0} bytes")]
    MetadataTooLarge(usize),
    /// The metadata cannot be parsed as JSON or YAML, or is no mapping.
    #[error("metadata is not a {0} mapping")]
    Malformed(&'static str),
    /// The metadata is nested or branched beyond what a chart needs.
    #[error("metadata has more than {0} values")]
    TooManyValues(usize),
    /// The metadata has more brackets open than is read at its length: the YAML parser's time grows with the product.
    #[error("metadata has more than {0} open brackets, which are too many for its length")]
    TooManyBrackets(usize),
    /// The metadata has more directives than is read: the YAML parser's time grows with their square.
    #[error("metadata has more than {0} YAML directives")]
    TooManyDirectives(usize),
    /// The metadata of all the charts in a package would take its parser too long, though each could be read.
    #[error("metadata of the charts in it takes too long to read together")]
    MetadataInAll,
    /// The metadata names no chart.
    #[error("metadata has no name")]
    NoName,
    /// The name could mean a path, or is none that Helm takes.
    #[error("name {0} is not allowed")]
    Name(String),
    /// The metadata has no version.
    #[error("metadata has no version")]
    NoVersion,
    /// The version is no semantic version, even leniently.
    #[error("version {0} is not a semantic version")]
    Version(String),
    /// Helm knows no such type of chart.
    #[error("type {0} is neither application nor library")]
    Type(String),
    /// The package that would be made of two layers is larger than is made anew for each download, in bytes.
    #[error("package would be rebuilt to more than {0} bytes for each download")]
    RebuiltTooLarge(u64),
    /// The package is longer than is read, in bytes.
    #[error("package is larger than {0} bytes")]
    PackageTooLarge(usize),
    /// The package is not gzip, is truncated or corrupt, or is no tar inside.
    #[error("package is not an intact gzip-compressed tar archive")]
    NotAnArchive,
    /// The archive has more entries than is read.
    #[error("archive has more than {0} entries")]
    TooManyEntries(usize),
    /// The archive is larger when unpacked than is read, in bytes.
    #[error("archive unpacks to more than {0} bytes")]
    UnpackedTooLarge(u64),
    /// A file in the archive is larger than Helm loads, in bytes.
    #[error("archive holds a file larger than {0} bytes")]
    FileTooLarge(u64),
    /// A path in the archive starts at a root or a drive.
    #[error("archive holds the absolute path {0}")]
    AbsolutePath(String),
    /// A path in the archive leads out of the chart.
    #[error("archive holds the path {0}, which leads out of the chart")]
    OutsidePath(String),
    /// A path in the archive is too long or not UTF-8, or its extended header cannot be read.
    #[error("archive holds an unreadable path")]
    UnreadablePath,
    /// The archive holds a link, a device or another entry that is no file.
    #[error("archive holds {0}, which is neither a file nor a directory")]
    NotAFile(String),
    /// A field of the metadata is of another type than Helm reads, or of a value that Helm refuses.
    #[error("metadata has a field that Helm does not read: {0}")]
    Field(&'static str),
    /// Two dependencies have one name or alias, which Helm refuses.
    #[error("metadata has more than one dependency with the name or alias {0}")]
    TwoDependencies(String),
    /// The archive has more than one root directory.
    #[error("archive has more than one root directory: {0} and {1}")]
    TwoRoots(String, String),
    /// A file that must stand once stands twice: two readers could see two charts.
    #[error("archive holds {0} twice")]
    Twice(String),
    /// Packages lie in packages deeper than is read.
    #[error("packages lie in packages more than {0} deep")]
    TooDeep(usize),
    /// A chart in `charts/` is none that Helm loads.
    #[error("the chart {0}: {1}")]
    Subchart(String, Box<Unfit>),
    /// A `values.yaml` is none that Helm takes, and why.
    #[error("values {0}")]
    Values(&'static str),
    /// More charts lie in it than are read.
    #[error("package is made of more than {0} charts")]
    TooManyCharts(usize),
    /// A chart cannot be composed of others as it is wanted, and why.
    #[error("{0}")]
    Composition(String),
    /// A chart that others are to be composed with is not there, and where it is wanted.
    #[error("there is no such chart: {0}")]
    NoPart(String),
    /// The package has no `Chart.yaml` below its root directory.
    #[error("package holds no Chart.yaml")]
    NoChartYaml,
}

impl Unfit {
    /// Whether the `Chart.yaml` inside the package may know better than the config blob: ORAS pushes `{}`
    /// (oras-project/oras#318), scripts a hand-made config.
    pub fn asks_for_package(&self) -> bool {
        match self {
            Self::MetadataTooLarge(_)
            | Self::Malformed(_)
            | Self::TooManyValues(_)
            | Self::TooManyBrackets(_)
            | Self::TooManyDirectives(_)
            | Self::NoName
            | Self::Name(_)
            | Self::NoVersion
            | Self::Version(_)
            | Self::Type(_)
            | Self::Field(_)
            | Self::TwoDependencies(_) => true,
            Self::RebuiltTooLarge(_)
            | Self::PackageTooLarge(_)
            | Self::NotAnArchive
            | Self::TooManyEntries(_)
            | Self::UnpackedTooLarge(_)
            | Self::FileTooLarge(_)
            | Self::AbsolutePath(_)
            | Self::OutsidePath(_)
            | Self::UnreadablePath
            | Self::NotAFile(_)
            | Self::TwoRoots(..)
            | Self::Twice(_)
            | Self::MetadataInAll
            | Self::TooDeep(_)
            | Self::Values(_)
            | Self::TooManyCharts(_)
            | Self::Composition(_)
            | Self::NoPart(_)
            | Self::Subchart(..)
            | Self::NoChartYaml => false,
        }
    }
}

/// Foreign text as a reason may repeat it: cut, quoted, everything unprintable escaped.
pub(super) fn quoted(text: &str) -> String {
    let mut short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_repeat_little_and_nothing_unprintable() {
        assert_eq!(
            Unfit::Name(quoted("../\u{1b}[31mx")).to_string(),
            r#"name "../\u{1b}[31mx" is not allowed"#
        );
        assert_eq!(
            Unfit::Version(quoted(&"9".repeat(1000))).to_string(),
            format!("version \"{}…\" is not a semantic version", "9".repeat(64))
        );
    }

    #[test]
    fn only_a_config_is_helped_by_the_package() {
        assert!(Unfit::NoName.asks_for_package());
        assert!(!Unfit::NotAnArchive.asks_for_package());
    }
}
