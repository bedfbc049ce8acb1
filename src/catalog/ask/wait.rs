//! Asks whether a sync is published.

use serde::{Deserialize, Serialize};

use super::{Accepted, Ask, Rows, Ticket};
use crate::catalog::rows::enumeration::Enumeration;
use crate::catalog::rows::repository::Repository;
use crate::catalog::rows::state::State;
use crate::platform::DatabaseError;

/// Asks whether the sync with this ticket is published. Answered by `None` when it has shown that the registry has
/// nothing at the path; with what could not be read of what it was for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Await {
    /// From [`Accepted`].
    pub ticket: Ticket,
    /// The path that was to be synced.
    pub path: Option<String>,
}

impl Ask for Await {
    const NAME: &'static str = "await";
    type Answer = Option<Accepted>;

    fn answer(&self, rows: &Rows<'_>) -> Result<Option<Accepted>, DatabaseError> {
        let Self { ticket, path } = self;
        let state = rows.store.state()?;
        let mut accepted = Accepted {
            ticket: ticket.clone(),
            done: false,
            etag: None,
            fault: None,
            unread: None,
        };
        match rows.awaited(ticket, &state) {
            Awaited::NotYet => return Ok(Some(accepted)),
            Awaited::Without(faults) => {
                accepted.fault = Some(faults);
                return Ok(Some(accepted));
            }
            Awaited::All => {}
        }
        if path.is_none() && ticket.pass.is_none() {
            // Who wrote something looks for it by itself.
            accepted.done = true;
            accepted.etag = rows.store.root_document()?.and_then(|root| root.etag);
            return Ok(Some(accepted));
        }
        let below = path.as_deref().unwrap_or_default();
        let repositories = rows.store.repositories_below(below)?;
        // What a source is mounted in is there by its settings.
        let is_mount = |path: &String| {
            let mut sources = rows.config.sources.iter();
            sources.any(|source| source.is_mounted_in(path))
        };
        if repositories.is_empty() && path.as_ref().is_some_and(|path| !is_mount(path)) {
            return Ok(None);
        }
        accepted.fault = match path {
            Some(_) => repositories.iter().find_map(|known| known.error.clone()),
            None => faults_by_source(ticket, &repositories),
        };
        accepted.fault = accepted.fault.or_else(|| unlisted(ticket, &state));
        accepted.unread = match path {
            Some(_) => rows.first_unread(&repositories)?,
            None => rows.store.unread(None)?,
        };
        if state.last_pass.number == 0 {
            // Nothing is published, as too little could be read.
            accepted.fault = accepted.fault.or(accepted.unread.take());
            return Ok(Some(accepted));
        }
        accepted.done = true;
        accepted.etag = rows.store.root_document()?.and_then(|root| root.etag);
        Ok(Some(accepted))
    }
}

/// How far the sources of a ticket are.
enum Awaited {
    /// All is read and published.
    All,
    /// All but those that cannot be read: what is wrong with these.
    Without(String),
    /// Some are being read.
    NotYet,
}

impl Rows<'_> {
    fn awaited(&self, ticket: &Ticket, state: &State) -> Awaited {
        let mut faults = Vec::new();
        for id in &ticket.sources {
            if self.config.source(id).is_none() {
                continue;
            }
            let source = state.source(id);
            let turn = ticket.pass.is_none_or(|pass| source.turn_settled >= pass);
            if source.settled >= ticket.number && turn {
                continue;
            }
            match source.unreachable(self.now) {
                Some(fault) => faults.push(format!("{id} ({fault})")),
                None => return Awaited::NotYet,
            }
        }
        if faults.is_empty() {
            Awaited::All
        } else {
            Awaited::Without(faults.join(", "))
        }
    }

    /// Why the first of the tags of these repositories cannot be read, if one cannot.
    fn first_unread(&self, repositories: &[Repository]) -> Result<Option<String>, DatabaseError> {
        for repository in repositories {
            let unread = self.store.unread(Some(repository.id))?;
            if unread.is_some() {
                return Ok(unread);
            }
        }
        Ok(None)
    }
}

/// Which sources of a ticket have lists that could not be read, and why the first of each could not.
fn faults_by_source(ticket: &Ticket, repositories: &[Repository]) -> Option<String> {
    let mut faults = Vec::new();
    for id in &ticket.sources {
        let of_source = repositories.iter().filter(|known| known.source == *id);
        let errors: Vec<&String> = of_source.filter_map(|known| known.error.as_ref()).collect();
        if let Some(first) = errors.first() {
            let more = match errors.len() - 1 {
                0 => String::new(),
                more => format!(", and {more} more of its lists"),
            };
            faults.push(format!("{id} ({first}{more})"));
        }
    }
    (!faults.is_empty()).then(|| faults.join(", "))
}

/// Which sources of a ticket would not tell all their repositories.
fn unlisted(ticket: &Ticket, state: &State) -> Option<String> {
    ticket.pass?;
    let turns = &state.pass.enumerations;
    let meant = turns
        .iter()
        .filter(|turn| ticket.sources.contains(&turn.source));
    let fault = |turn: &Enumeration| {
        let fault = turn.fault.as_ref()?;
        Some(format!("{} {fault}", turn.source))
    };
    let faults: Vec<String> = meant.filter_map(fault).collect();
    (!faults.is_empty()).then(|| faults.join(", "))
}
