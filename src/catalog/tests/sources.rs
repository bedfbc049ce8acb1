//! Several sources, and what is a source's own.

use super::*;
use crate::catalog::rows::store::Store;
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

/// What a mass removal is measured against was kept for all sources together once.
#[test]
fn a_mass_removal_right_after_an_upgrade_is_held_too() {
    let world = World::new();
    world.registry.push_versions("charts/a", 0..20);
    world.pass();
    world.rest();
    let sql = "DELETE FROM state WHERE key GLOB 'source:*'";
    world.database.execute(sql, &[]).unwrap();
    world.registry.delete_versions("charts/a", 0..19);
    world.pass();
    assert_eq!(world.versions("").len(), 20, "held");
}

/// Half of one source is a small part of all, and a mass removal nevertheless.
#[test]
fn a_mass_removal_is_judged_by_its_own_source() {
    let mut world = World::new();
    let first = world.config.sources[0].clone();
    let mut second = first.clone();
    second.id = "registry.example/others".to_owned();
    second.prefix = "others".to_owned();
    world.config = world.config.clone().with_sources(vec![first, second]);
    for minor in 0..60 {
        let version = format!("1.{minor}.0");
        world.registry.push_version("charts/a", "a", &version);
        if minor < 20 {
            world.registry.push_version("others/b", "b", &version);
        }
    }
    world.pass();
    world.rest();
    assert_eq!(world.versions("").len(), 80);
    for minor in 0..15 {
        let version = format!("1.{minor}.0");
        world.registry.delete_tag("others/b", &version);
        world.registry.delete_tag("charts/a", &version);
    }
    world.pass();
    assert_eq!(world.versions("").len(), 65, "one goes, one is held");
    let state = Store(&world.database).state().unwrap();
    let held = |id: &str| state.source(id).held.versions;
    assert_eq!(held("registry.example/others"), 15);
    assert_eq!(held("registry.example/charts"), 0);
}

#[test]
fn a_source_at_another_registry_takes_over_no_rows() {
    let mut world = filled(&[], 1);
    world.config = config(&[("REGISTRY", "elsewhere.example/charts")]);
    let reason = world.no_index("");
    assert!(matches!(reason, ask::index::NoIndex::NotReady(_)));
}
