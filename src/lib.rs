//! Portolan.

pub mod platform;
