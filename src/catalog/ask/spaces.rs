//! The spaces that there are, for an API: those that charts lie directly in, and those that were created.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{Ask, Progress, Rows};
use crate::catalog::rows::store::Store;
use crate::config::IndexScope;
use crate::index::{RepositoryPath, Space, View};
use crate::platform::DatabaseError;

/// Most names of an answer.
const MOST: usize = 10_000;

/// Asks for the spaces of which a view shows something, in the order of their bytes. The root is none of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSpaces {
    /// What the asker may see of the root.
    pub view: View,
    /// How many are passed over.
    pub start: usize,
    /// How many are wanted at most.
    pub limit: usize,
}

/// The answer to [`ListSpaces`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceNames {
    /// A page of them.
    Page {
        /// How many there are on all pages.
        total: usize,
        /// The names on this one.
        names: Vec<Space>,
    },
    /// It would be longer than is answered at once.
    TooLong,
    /// The first pass has not finished.
    NotReady(Progress),
}

/// Creates a space; the answer says whether it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSpace {
    /// The space.
    pub space: Space,
}

/// The answer to [`CreateSpace`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpaceCreated {
    /// It is there now.
    Created,
    /// It was there before.
    Exists,
    /// There are too many already.
    TooMany,
    /// The first pass has not finished, and nobody knows whether it is there.
    NotReady(Progress),
}

/// Forgets that a space was created; the answer says whether it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetSpace {
    /// The space.
    pub space: Space,
}

impl Ask for ListSpaces {
    const NAME: &'static str = "list-spaces";
    type Answer = SpaceNames;

    fn answer(&self, rows: &Rows<'_>) -> Result<SpaceNames, DatabaseError> {
        let state = rows.store.state()?;
        if state.last_pass.number == 0 {
            return Ok(SpaceNames::NotReady(rows.progress(&state)?));
        }
        let mut names = BTreeSet::new();
        let mut see = |path: &RepositoryPath| {
            if self.view.covers(path, IndexScope::Subtree) {
                names.insert(path.space());
            }
        };
        rows.store
            .each_offering_repository(&self.view, &mut |path| {
                see(path);
                ControlFlow::Continue(())
            })?;
        for space in rows.store.created_spaces()? {
            // Whoever may see charts in it may see that it is there.
            if let Ok(path) = format!("{space}/any").parse() {
                see(&path);
            }
        }
        names.remove(&Space::root());
        let total = names.len();
        if self.limit.min(total.saturating_sub(self.start)) > MOST {
            return Ok(SpaceNames::TooLong);
        }
        let page = names.into_iter().skip(self.start).take(self.limit);
        Ok(SpaceNames::Page {
            total,
            names: page.collect(),
        })
    }
}

impl Ask for CreateSpace {
    const NAME: &'static str = "create-space";
    type Answer = SpaceCreated;

    fn answer(&self, rows: &Rows<'_>) -> Result<SpaceCreated, DatabaseError> {
        let store = rows.store;
        let state = store.state()?;
        if state.last_pass.number == 0 {
            return Ok(SpaceCreated::NotReady(rows.progress(&state)?));
        }
        if store.space_exists(&self.space)? {
            return Ok(SpaceCreated::Exists);
        }
        Ok(if store.create_space(&self.space)? {
            SpaceCreated::Created
        } else {
            SpaceCreated::TooMany
        })
    }
}

impl Ask for ForgetSpace {
    const NAME: &'static str = "forget-space";
    type Answer = bool;

    fn answer(&self, rows: &Rows<'_>) -> Result<bool, DatabaseError> {
        let was_created = rows.store.space_is_created(&self.space)?;
        rows.store.forget_space(&self.space)?;
        Ok(was_created)
    }
}

impl Store<'_> {
    /// Whether a space was created, or a chart lies directly in it.
    pub(super) fn space_exists(&self, space: &Space) -> Result<bool, DatabaseError> {
        let mut exists = self.space_is_created(space)?;
        if !exists {
            let view = View::Folder(space.clone());
            self.each_offering_repository(&view, &mut |path| {
                exists = path.space() == *space;
                if exists {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
        }
        Ok(exists)
    }
}
