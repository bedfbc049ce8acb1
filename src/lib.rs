//! Portolan.

pub mod chart;
pub mod config;
pub mod index;
pub mod oci;
pub mod platform;
pub mod secret;
#[cfg(test)]
pub(crate) mod testing;
