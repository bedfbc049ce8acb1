//! Tokens and challenges that are remembered, in memory only.

/// What an isolate knows about how to be let in: tokens until shortly before they end, and the challenges that led to them.
#[derive(Debug, Default)]
pub struct Tokens {}
