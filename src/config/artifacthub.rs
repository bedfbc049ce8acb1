//! `ARTIFACTHUB_REPOSITORY_ID`.

use crate::shown::shown;

/// Artifact Hub's id of a repository: a UUID of 8-4-4-4-12 hexadecimal digits.
pub(super) fn uuid(text: &str) -> Result<String, String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    if lengths == [8, 4, 4, 4, 12] && groups.iter().all(hex) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("{} is not a UUID", shown(text)))
    }
}
