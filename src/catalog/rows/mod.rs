//! The tables and their statements, one noun a file: each adds its statements to [`store::Store`]. All SQL of the crate
//! stands here.
//!
//! | file | holds |
//! |---|---|
//! | [`absence`] | repositories that are denied, not found or not enumerated |
//! | [`backoff`] | how long what failed waits |
//! | [`calls`] | calls made, by their outcome |
//! | [`cell`] | the types that cells hold, and what is wrong with one that cannot be read |
//! | [`chart_cells`] | whether the cells of a chart's row agree |
//! | [`contest`] | files that are offered with different packages |
//! | [`counts`] | counts of the rows |
//! | [`created_space`] | spaces that somebody created |
//! | [`cut_list`] | a tag list that the end of a slice cut off |
//! | [`deadline`] | when rows want to be worked on |
//! | [`deliveries`] | notifications that were honoured |
//! | [`document`] | what was published where, and what is dirty |
//! | [`enumeration`] | how far a pass is with a source |
//! | [`manifest`] | what was read of each digest |
//! | [`mending`] | what becomes of a row that cannot be read |
//! | [`named_tag`] | tags that somebody named, before a list shows them |
//! | [`new_names`] | how many unknown repositories notifications and refreshes have named |
//! | [`next`] | what is to be read next, by source |
//! | [`offer`] | which tag serves which file: manifests, tags and repositories joined |
//! | [`position`] | where the next pass goes on confirming tags |
//! | [`recall`] | what the documents of another Worker told, where tables were made anew |
//! | [`registry_fault`] | a fault of a registry, in public words |
//! | [`report`] | pages of rows as an operator sees them |
//! | [`repository`] | repositories and the state of their lists |
//! | [`schema`] | the tables, their version, and the way from an older one |
//! | `old/` | tables of each older version, with the rows that it wrote |
//! | [`selecting`] | how rows are read: the only place that opens one |
//! | [`share`] | published shares: how many, and which a change makes anew |
//! | [`shed`] | what each index had to shed to keep within its limit |
//! | [`source_state`] | what is a source's own: its pause, a removal that is doubted |
//! | [`state`] | single-row state: the running pass, the lease, pauses, counts |
//! | [`store`] | the handle that all statements hang on |
//! | [`superseded`] | packages that no tag serves any more |
//! | [`tag`] | tags: what each serves, and what is to be asked about it |
//! | [`typed_row`] | rows whose columns and types stand together |
//! | [`unread`] | whether anything known could not be read, for the first index |
//! | [`unreadable`] | notes of rows that could not be read, and what waits for them |
//! | [`waiver`] | ends the waits of what was put off |
//! | [`write_lock`] | who writes which version of a chart to the registry |

pub(crate) mod absence;
pub(crate) mod backoff;
pub(crate) mod calls;
pub(crate) mod cell;
pub(crate) mod chart_cells;
pub(crate) mod contest;
pub(crate) mod counts;
pub(crate) mod created_space;
pub(crate) mod cut_list;
pub(crate) mod deadline;
pub(crate) mod deliveries;
pub(crate) mod document;
pub(crate) mod enumeration;
pub(crate) mod manifest;
pub(crate) mod mending;
pub(crate) mod named_tag;
pub(crate) mod new_names;
pub(crate) mod next;
pub(crate) mod offer;
pub(crate) mod position;
pub(crate) mod recall;
pub(crate) mod registry_fault;
pub(crate) mod report;
pub(crate) mod repository;
pub(crate) mod schema;
pub(crate) mod selecting;
pub(crate) mod share;
pub(crate) mod shed;
pub(crate) mod source_state;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod superseded;
pub(crate) mod tag;
pub(crate) mod typed_row;
pub(crate) mod unread;
pub(crate) mod unreadable;
pub(crate) mod waiver;
pub(crate) mod write_lock;
