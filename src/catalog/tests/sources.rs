//! Several sources, and what is a source's own.

use super::*;
use crate::platform::Database as _;

/// Ids held no scheme once: rows of an `http://` registry go on being served under the new id.
#[test]
fn a_source_without_tls_keeps_its_rows_when_its_id_gains_the_scheme() {
    let mut world = World::with(&[("REGISTRY", "http://localhost:5000/charts")]);
    world.registry = FakeRegistry::at("http://localhost:5000", &world.clock);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    assert_eq!(world.config.sources[0].id, "http://localhost:5000/charts");
    for sql in [
        "UPDATE repository SET source = 'localhost:5000/charts'",
        "UPDATE state SET value = '{\"fingerprint\":\"0123456789abcdef\",\"private\":[]}' WHERE key = 'origin'",
    ] {
        world.database.execute(sql, &[]).unwrap();
    }
    let calls = world.registry.calls();
    assert_eq!(world.answered(""), ["a 1.0.0"]);
    assert_eq!(world.registry.calls(), calls);
    world.pass();
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}
