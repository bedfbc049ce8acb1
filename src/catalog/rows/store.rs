//! The rows, by noun: each file of this folder adds its statements to [`Store`].

use crate::platform::Database;

/// The catalog's rows. Every method is synchronous: what it writes between two awaits is one atomic write.
#[derive(Clone, Copy)]
pub(crate) struct Store<'a>(pub(crate) &'a dyn Database);
