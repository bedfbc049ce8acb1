//! The engine: one step runs a slice of a pass under a lease, commits what it brought, and publishes.
//!
//! | file | holds |
//! |---|---|
//! | [`budget`] | calls left in this invocation |
//! | [`commit`] | takes over what a job brought |
//! | [`classic`] | takes over the index of a classic repository |
//! | [`configure`] | takes over a change of configuration |
//! | [`contents`] | judges what a manifest holds |
//! | [`engine`] | one step: lease, slice, conclusion, publication |
//! | [`fault`] | what becomes of a job that failed |
//! | [`job`] | what is asked of the registry |
//! | [`listing`] | takes over a tag list |
//! | [`pace`] | how fast a source is asked, and when it is left alone |
//! | [`pass`] | a pass from its beginning to its end |
//! | [`plan`] | which job is next |
//! | [`put_right`] | ends waits that a clock set back has made too long |
//! | [`recent`] | what the object remembers, so that many who ask cost as much as one |
//! | [`removal`] | what removes a chart |
//! | [`repair`] | mends rows by what the configuration tells, and logs those that could not be read |
//! | [`schedule`] | when the next step is due |
//! | [`settle`] | which requests for a sync are done |
//! | [`side_by_side`] | keeps slow and stopped sources from delaying others |
//! | [`slice`] | the reading that fits one invocation |

pub(crate) mod budget;
pub(crate) mod classic;
pub(crate) mod commit;
pub(crate) mod configure;
pub(crate) mod contents;
pub(crate) mod engine;
pub(crate) mod fault;
pub(crate) mod job;
pub(crate) mod listing;
pub(crate) mod pace;
pub(crate) mod pass;
pub(crate) mod plan;
pub(crate) mod put_right;
pub(crate) mod recent;
pub(crate) mod removal;
pub(crate) mod repair;
pub(crate) mod schedule;
pub(crate) mod settle;
pub(crate) mod side_by_side;
pub(crate) mod slice;
