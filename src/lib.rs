//! Portolan.

pub mod chart;
pub mod oci;
pub mod platform;
pub mod secret;
#[cfg(test)]
pub(crate) mod testing;
