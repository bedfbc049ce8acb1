//! Questions of the edge and their answers, from the rows as they are now.
//!
//! | file | holds |
//! |---|---|
//! | [`answer`] | answers each question |
//! | [`question`] | questions and answers as they cross to the Durable Object |
//! | [`report`] | what an operator sees: `/info`, and the figures of `/metrics` |

pub(crate) mod answer;
pub(crate) mod question;
pub(crate) mod report;
