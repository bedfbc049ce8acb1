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
//! | `signed` | a provenance file for a chart that is stored already |
//! | `rejection` | why nothing is stored |

mod artifact;
mod form;
mod provenance;
mod rejection;
mod signed;
mod submission;

pub(crate) use artifact::{Artifact, MANIFEST};
pub(crate) use form::{Form, boundary};
pub(crate) use provenance::Provenance;
pub(crate) use rejection::Rejection;
pub(crate) use signed::{SignedManifest, Signing};
pub(crate) use submission::{Submission, tag_of};
