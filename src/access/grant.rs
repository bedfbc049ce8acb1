//! What may be done, and in which spaces.

use std::collections::BTreeMap;

use crate::index::{Space, Spaces};

/// What a route may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read indexes and packages (`read`).
    Read,
    /// Add charts (`push`).
    Push,
    /// Remove charts (`delete`).
    Delete,
    /// Start a sync (`refresh`).
    Refresh,
    /// See counts (`metrics`).
    Measure,
    /// See everything an operator sees (`admin`).
    Inspect,
}

impl Right {
    /// All, each with its name in settings.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("read", Self::Read),
        ("push", Self::Push),
        ("delete", Self::Delete),
        ("refresh", Self::Refresh),
        ("metrics", Self::Measure),
        ("admin", Self::Inspect),
    ];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, right)| *right == self)
            .map_or("", |(name, _)| name)
    }

    /// Whether something in the registry changes by it.
    pub fn writes(self) -> bool {
        matches!(self, Self::Push | Self::Delete)
    }

    /// Whether it is about all charts together, and cannot be had for some spaces only.
    pub fn is_of_all(self) -> bool {
        matches!(self, Self::Measure | Self::Inspect)
    }
}

/// Rights, each on the spaces it is given for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(BTreeMap<Right, Spaces>);

impl Grants {
    /// No right at all.
    pub const NONE: Self = Self(BTreeMap::new());

    /// These rights everywhere.
    pub fn everywhere(rights: impl IntoIterator<Item = Right>) -> Self {
        Self(
            rights
                .into_iter()
                .map(|right| (right, Spaces::all()))
                .collect(),
        )
    }

    /// Gives a right for some spaces more.
    pub fn add(&mut self, right: Right, spaces: &Spaces) {
        if !spaces.is_empty() {
            let known = self.0.entry(right).or_default();
            *known = known.and(spaces);
        }
    }

    /// The spaces a right is given for.
    pub fn spaces(&self, right: Right) -> &Spaces {
        const NONE: &Spaces = &Spaces::NONE;
        self.0.get(&right).unwrap_or(NONE)
    }

    /// Whether they give a right on a space. Reading is given where something at or below it may be read: which charts
    /// those are, each answer judges itself. A sync is of a space and all below it; counts are of everything.
    pub fn give(&self, right: Right, space: &Space) -> bool {
        let spaces = self.spaces(right);
        match right {
            Right::Read => spaces.reach(space),
            Right::Push | Right::Delete => spaces.hold(space),
            Right::Refresh => spaces.hold_all_below(space),
            Right::Measure | Right::Inspect => spaces.hold_all_below(&Space::root()),
        }
    }

    /// Whether everything may be read.
    pub fn read_all(&self) -> bool {
        self.spaces(Right::Read).hold_all_below(&Space::root())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_right_needs_of_its_spaces() {
        let mut grants = Grants::NONE;
        for (_, right) in Right::NAMES {
            grants.add(right, &"team-a/**,team-b".parse().unwrap());
        }
        let told = ["", "team-a", "team-a/sub", "team-b", "team-b/sub", "team-c"].map(|space| {
            let space: Space = space.parse().unwrap();
            let given = Right::NAMES
                .iter()
                .filter(|(_, right)| grants.give(*right, &space));
            let given: Vec<&str> = given.map(|(name, _)| *name).collect();
            format!("/{space}: {}", given.join(" "))
        });
        insta::assert_snapshot!(told.join("\n"), @"
            /: read
            /team-a: read push delete refresh
            /team-a/sub: read push delete refresh
            /team-b: read push delete
            /team-b/sub: 
            /team-c: 
        ");
        let all = Grants::everywhere(Right::NAMES.map(|(_, right)| right));
        for (name, right) in Right::NAMES {
            assert!(all.give(right, &Space::root()), "{name}");
            assert_eq!(right.name(), name);
        }
        assert!(all.read_all() && !grants.read_all());
    }
}
