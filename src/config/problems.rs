//! What is wrong with the settings.

use std::borrow::Cow;
use std::fmt;

/// One thing that is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting's name.
    pub setting: Cow<'static, str>,
    /// What is wrong, for the log. Never shows a secret, nor a value that may hold one.
    pub what: String,
}

/// Everything that is wrong, in the order in which settings are read; never empty.
///
/// `Display` is for the log: `REGISTRY: missing; SYNC_INTERVAL: "5 parsecs" is not a duration`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// The names of the settings, each once: what anyone may know.
    pub fn public(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for problem in &self.0 {
            if !names.contains(&&*problem.setting) {
                names.push(&problem.setting);
            }
        }
        names.join(", ")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.what)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            let between = if place == 0 { "" } else { "; " };
            write!(f, "{between}{problem}")?;
        }
        Ok(())
    }
}
