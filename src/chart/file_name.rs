//! The file name of a package.

/// Longest file name in bytes that is served: file systems take no longer ones, and Helm stores a package under its name.
pub const MAX_FILE_NAME: usize = 255;

/// The file name under which a chart is served: `<name>-<version>.tgz`, the `+` of build metadata as it is.
///
/// Never split again: `foo` `1-2.0.0` and `foo-1` `2.0.0` share one.
pub fn file_name(name: &str, version: &str) -> String {
    format!("{name}-{version}.tgz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_helm_package_writes() {
        assert_eq!(file_name("nginx", "1.0.0"), "nginx-1.0.0.tgz");
        assert_eq!(
            file_name("nginx", "v1.0.0-rc.1+build.5"),
            "nginx-v1.0.0-rc.1+build.5.tgz"
        );
        assert_eq!(file_name("foo", "1-2.0.0"), file_name("foo-1", "2.0.0"));
    }
}
