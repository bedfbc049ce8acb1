//! Portolan.

pub mod oci;
pub mod platform;
pub mod secret;
#[cfg(test)]
pub(crate) mod testing;
