//! Mends rows that cannot be read as far as the configuration helps: it tells which repository a row is of.

use crate::catalog::rows::store::Store;
use crate::config::Config;
use crate::oci::Name;
use crate::platform::{DatabaseError, Timestamp};

/// Mends the names of repositories as far as what is left of them tells, and lets go of notes whose rows are whole again. Gives
/// a line for the log on each row that was found since the last time.
pub(crate) fn repair(
    store: Store<'_>,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<String>, DatabaseError> {
    for remains in store.nameless_repositories()? {
        let whole = config.sources.iter().find_map(|source| {
            let name: Name = match (&remains.name, &remains.relative) {
                (Ok(name), _) => name.parse().ok()?,
                (Err(_), Ok(relative)) => source.name(relative.as_str())?,
                (Err(_), Err(_)) => return None,
            };
            let relative = source.relative(&name)?;
            let fits = remains.source.as_ref().map_or(true, |it| *it == source.id)
                && remains.relative.as_ref().map_or(true, |it| *it == relative)
                && source.allows(&name);
            fits.then(|| (source.id.clone(), name.to_string(), relative))
        });
        match whole {
            Some((source, name, relative)) => {
                store.name_repository(remains.id, &source, &name, &relative)?;
            }
            // Nothing tells which it was; the enumeration names it again.
            None => store.forget_repository(remains.id)?,
        }
    }
    let lines = store
        .new_notes(now)?
        .into_iter()
        .map(|note| {
            format!(
                "row {:?} of table {} could not be read: {} {}",
                note.key, note.place, note.cell, note.reason
            )
        })
        .collect();
    store.drop_whole_notes()?;
    Ok(lines)
}
