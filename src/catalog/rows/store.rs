//! The rows, by noun: each file of this folder adds its statements to [`Store`].

use crate::platform::{Database, Timestamp};

/// No time in a row lies after this, in the year 2223. SQLite sorts text and bytes after every number, so that a comparison
/// with it finds the times that cannot be read, too: such a row's time has come, and reading it mends it.
pub(crate) const LAST_TIME: Timestamp = Timestamp(8_000_000_000_000);

/// The catalog's rows. Every method is synchronous: what it writes between two awaits is one atomic write.
#[derive(Clone, Copy)]
pub(crate) struct Store<'a>(pub(crate) &'a dyn Database);
