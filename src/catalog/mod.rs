//! The catalog: everything known of the registry.

pub mod question;

pub use question::{Answer, Fault, Progress, Question, Reply, Status};
