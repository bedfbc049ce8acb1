//! Portolan.

pub mod oci;
pub mod platform;
pub mod secret;
