//! What stands in for the world in native tests: a registry, KV, SQLite.

pub(crate) mod documents;
