//! Portolan.

pub mod platform;

#[cfg(test)]
pub(crate) mod testing;
