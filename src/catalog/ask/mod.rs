//! Questions of the edge and their answers, from the rows as they are now. Each question is a type that names the type of
//! its answer ([`Ask`]); the two stand in one file.
//!
//! | file | question | answer |
//! |---|---|---|
//! | [`index`] | [`Index`]: the index of a view | [`Indexed`] |
//! | [`find`] | [`Find`]: who offers a file | [`Found`] |
//! | [`read`] | [`ViewsRead`]: tells that these views were read | nothing |
//! | [`tick`] | [`Tick`]: tells that cron ticks | nothing |
//! | [`status`] | [`AskStatus`]: counts and progress | [`Status`] |
//! | [`info`] | [`Info`]: everything an operator wants to see | a JSON object |
//! | [`refresh`] | [`Refresh`]: sync this now | [`Accepted`]; `None` where nothing can lie at the path |
//! | [`wait`] | [`Await`]: is that sync published | as to [`Refresh`] |
//! | [`changed`] | [`Changed`]: a notification names these repositories and tags, or a write of ours has ended | [`Accepted`] |
//! | [`charts`] | [`Charts`]: what charts a view holds | [`Charted`] |
//! | [`in_space`] | [`InSpace`]: what lies directly in a space | [`HeldInSpace`] |
//! | [`spaces`] | [`ListSpaces`]: which spaces there are | [`SpaceNames`] |
//! | [`spaces`] | [`CreateSpace`]: a space without charts | [`SpaceCreated`] |
//! | [`spaces`] | [`ForgetSpace`]: it is no longer wanted | whether it was created |
//! | [`tags_of`] | [`TagsOf`]: which tags serve a file | [`ServingTag`]s |
//! | [`lock`] | [`Lock`]: may this version be written | the number of the lock, if it may |
//!
//! [`progress`] is how far the first pass is, which several answers tell; `contests` tells of contested files in [`info`]; [`wire`] is how questions and answers cross to
//! the Durable Object.

pub mod changed;
pub mod charts;
mod contests;
pub mod find;
pub mod in_space;
pub mod index;
pub mod info;
pub mod lock;
pub mod progress;
pub mod read;
pub mod refresh;
pub mod spaces;
pub mod status;
pub mod tags_of;
pub mod tick;
pub mod wait;
pub mod wire;

pub use changed::Changed;
pub use charts::{Charted, Charts};
pub use find::{Find, Found};
pub use in_space::{HeldInSpace, HeldPage, HeldVersion, InSpace};
pub use index::{Index, Indexed};
pub use info::Info;
pub use lock::{Lock, TagPlace};
pub use progress::Progress;
pub use read::ViewsRead;
pub use refresh::{Accepted, Refresh, Ticket};
pub use spaces::{CreateSpace, ForgetSpace, ListSpaces, SpaceCreated, SpaceNames};
pub use status::{AskStatus, Figures, SourceHealth, Status};
pub use tags_of::{ServingTag, TagsOf};
pub use tick::Tick;
pub use wait::Await;
pub use wire::AskError;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::rows::store::Store;
use crate::catalog::sync::engine::Engine;
use crate::catalog::sync::recent::Recent;
use crate::config::Config;
use crate::platform::{Clock, DatabaseError, Documents, Fetch, Timestamp};

/// A question to the catalog.
pub trait Ask: Serialize + DeserializeOwned {
    /// What the question is called where it crosses to the Durable Object.
    const NAME: &'static str;

    /// What it is answered with.
    type Answer;

    /// Answers it.
    fn answer(&self, rows: &Rows<'_>) -> Result<Self::Answer, DatabaseError>;
}

/// What answers are made from.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// The rows.
    pub(crate) store: Store<'a>,
    /// The settings.
    pub(crate) config: &'a Config,
    /// What the object remembers.
    pub(crate) recent: &'a Recent,
    /// The time.
    pub(crate) now: Timestamp,
}

impl<F: Fetch, D: Documents, C: Clock> Engine<'_, F, D, C> {
    /// Answers a question. The caller then sets the alarm to [`Engine::next_alarm`], as a question may bring work.
    pub fn answer<Q: Ask>(&self, question: &Q) -> Result<Q::Answer, DatabaseError> {
        question.answer(&Rows {
            store: self.store()?,
            config: self.config,
            recent: self.recent,
            now: self.clock.now(),
        })
    }
}
