//! The handle to the rows: each file of this folder adds the statements of its noun to [`Store`].

use std::time::Duration;

use crate::platform::Database;

/// No row waits longer than this to be read or put again, the longest wait being an hour and a half: the time of one that does
/// was set by a clock that ran ahead, or is damaged, and has come. SQLite sorts text and bytes after every number, so that a
/// comparison with it finds the times that cannot be read, too: reading such a row mends it.
pub(crate) const LATEST: Duration = Duration::from_hours(2);

/// The catalog's rows. Every method is synchronous: what it writes between two awaits is one atomic write.
#[derive(Clone, Copy)]
pub(crate) struct Store<'a>(pub(crate) &'a dyn Database);
