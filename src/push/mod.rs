//! Pushing: a package becomes what `helm push` makes of it, byte for byte but for the date.
//!
//! Pure. What is sent is judged here before anything goes to a registry, and the same package gives the same manifest each
//! time, so that a request that is repeated finishes what the first began.
//!
//! | file | holds |
//! |---|---|
//! | `submission` | a package, and perhaps its provenance, that somebody wants to store, judged |
//! | `provenance` | a provenance file: which packages it is about |
//! | `artifact` | blobs and manifest of a chart, as Helm pushes them |
//! | `form` | the parts of a form that was sent (`multipart/form-data`) |
//! | `rejection` | why nothing is stored |

mod artifact;
mod form;
mod provenance;
mod rejection;
mod submission;

pub(crate) use artifact::{Artifact, MANIFEST};
pub(crate) use form::{Form, boundary};
pub(crate) use rejection::Rejection;
pub(crate) use submission::Submission;
