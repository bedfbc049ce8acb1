//! The whole Worker but for the platform: requests, the catalog behind them, and KV between.

use bytes::Bytes;

use super::*;
use crate::serve::{Body, Memory};
use crate::testing::{Object, rebuilt, request};

/// A request through the whole Worker, but for the platform.
pub(super) fn get(world: &World, path: &str) -> http::Response<Body<Bytes>> {
    get_with(world, path, &[])
}

/// The same with headers.
pub(super) fn get_with(
    world: &World,
    path: &str,
    headers: &[(http::HeaderName, &str)],
) -> http::Response<Body<Bytes>> {
    let request = request("GET", &format!("/{path}"), headers, "");
    let catalog = Object::new(world);
    let handled = world.serve(
        &world.registry,
        &catalog,
        &Memory::with(crate::testing::rs256, crate::testing::verify),
        request,
    );
    handled.response.map(|body| match body {
        Body::Rebuilt { parts, .. } => Body::Bytes(rebuilt(&parts)),
        other => other,
    })
}

/// The bytes that a client gets.
pub(super) fn body(response: &http::Response<Body<Bytes>>) -> &[u8] {
    crate::serve::tests::bytes(response)
}
