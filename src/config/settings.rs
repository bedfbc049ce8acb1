//! Reads settings and notes everything that is wrong with them.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::duration;
use super::problems::{Problem, Problems};
use crate::secret::Secret;
use crate::shown::shown;

/// A user and a password, or neither; an error, already noted, where only one is set.
pub(super) type Pair = Result<Option<(Secret, Secret)>, ()>;

/// The settings, and what was found to be wrong so far.
pub(super) struct Settings<L> {
    lookup: L,
    problems: Vec<Problem>,
    /// What works, and should not stay so.
    warnings: Vec<Problem>,
}

impl<L: Fn(&str) -> Option<String>> Settings<L> {
    pub(super) fn new(lookup: L) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Notes that a setting is wrong.
    pub(super) fn wrong(&mut self, setting: impl Into<Cow<'static, str>>, what: impl Into<String>) {
        let (setting, what) = (setting.into(), what.into());
        self.problems.push(Problem { setting, what });
    }

    /// Notes that a setting works, and should not stay as it is.
    pub(super) fn warn(&mut self, setting: impl Into<Cow<'static, str>>, what: impl Into<String>) {
        let (setting, what) = (setting.into(), what.into());
        self.warnings.push(Problem { setting, what });
    }

    /// What was warned of.
    pub(super) fn warnings(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.warnings)
    }

    /// Gives `value`, or everything that was noted as wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Problems> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(Problems(self.problems)),
        }
    }

    /// Everything that was noted as wrong.
    pub(super) fn problems(self) -> Vec<Problem> {
        self.problems
    }

    /// A setting without whitespace around it; an empty one counts as unset.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A secret, unchanged but for a line end, which `echo … | wrangler secret put` leaves; an empty one counts as unset.
    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        let value = (self.lookup)(name)?;
        let value = value.trim_end_matches(['\r', '\n']);
        (!value.is_empty()).then(|| Secret::new(value))
    }

    /// A user and a password, or neither.
    pub(super) fn pair(&mut self, user: &'static str, password: &'static str) -> Pair {
        let pair = match (self.secret(user), self.secret(password)) {
            (None, None) => return Ok(None),
            (Some(found), Some(secret)) => (found, secret),
            (None, Some(_)) => {
                self.wrong(user, format!("missing, while {password} is set"));
                return Err(());
            }
            (Some(_), None) => {
                self.wrong(password, format!("missing, while {user} is set"));
                return Err(());
            }
        };
        // RFC 7617 §2: the first colon ends the user.
        if pair.0.expose().contains(':') {
            self.wrong(user, "may not contain a colon");
            return Err(());
        }
        Ok(Some(pair))
    }

    /// A setting read by `parse`, whose message is noted when it fails.
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(what) => {
                self.wrong(name, what);
                None
            }
        }
    }

    /// A setting whose value is one of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.parsed(name, |text| {
            let chosen = choices.iter().find(|(word, _)| *word == text);
            chosen.map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                format!("{} is not one of {}", shown(text), words.join(", "))
            })
        })
    }

    /// `true` or `false`.
    pub(super) fn switch(&mut self, name: &'static str) -> Option<bool> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// A whole number from `least` up.
    pub(super) fn number<T: FromStr + PartialOrd + Display + Copy>(
        &mut self,
        name: &'static str,
        least: T,
    ) -> Option<T> {
        self.parsed(name, |text| {
            // `from_str` takes a sign.
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            match text.parse::<T>() {
                Ok(number) if digits && number >= least => Ok(number),
                _ => Err(format!(
                    "{} is not a number of at least {least}",
                    shown(text)
                )),
            }
        })
    }

    /// A duration within bounds.
    pub(super) fn duration(
        &mut self,
        name: &'static str,
        least: Duration,
        most: Duration,
    ) -> Option<Duration> {
        self.parsed(name, |text| {
            let duration = duration::parse(text)
                .ok_or_else(|| format!("{} is not a duration", shown(text)))?;
            if duration < least {
                return Err(format!(
                    "{} is shorter than {}",
                    shown(text),
                    duration::display(least)
                ));
            }
            if duration > most {
                return Err(format!(
                    "{} is longer than {}",
                    shown(text),
                    duration::display(most)
                ));
            }
            Ok(duration)
        })
    }
}
