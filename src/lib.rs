//! Portolan.

pub mod catalog;
pub mod chart;
pub mod config;
pub mod error;
pub mod index;
pub mod oci;
pub mod platform;
pub mod secret;
pub mod serve;

#[cfg(target_arch = "wasm32")]
mod edge;
#[cfg(test)]
mod testing;
