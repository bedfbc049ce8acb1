//! From rows to published documents: who offers a file, the bytes of each document, and their way to KV.
//!
//! | file | holds |
//! |---|---|
//! | [`build`] | an index or a shard made from rows |
//! | [`candidates`] | who offers a file, in which order |
//! | [`chart_list`] | the charts of a view as JSON, for an API |
//! | [`publisher`] | puts dirty documents to KV and removes retired keys |
//! | [`recollection`] | learns from another Worker's documents, where tables were made anew |
//! | [`served`] | which versions an index shows |
//! | [`shedding`] | what an index sheds that outgrows its limit |

pub(crate) mod build;
pub(crate) mod candidates;
pub(crate) mod chart_list;
pub(crate) mod publisher;
pub(crate) mod recollection;
pub(crate) mod served;
pub(crate) mod shedding;
