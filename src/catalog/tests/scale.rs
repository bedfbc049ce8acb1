//! Many versions: rounds under a virtual clock, and sizes.

use super::*;

/// `repositories` × `versions` charts.
fn filled(world: &World, repositories: usize, versions: usize) {
    for repository in 0..repositories {
        let name = format!("chart-{repository:03}");
        for version in 0..versions {
            world.registry.push_version(
                &format!("charts/{name}"),
                &name,
                &format!("1.{version}.0"),
            );
        }
    }
}

#[test]
fn a_first_pass_keeps_six_calls_busy_from_the_first_to_the_last() {
    for budget in ["45", "1000"] {
        let world = World::with(&[("SUBREQUEST_BUDGET", budget)]);
        filled(&world, 20, 100);
        let latency = Duration::from_millis(20);
        world.registry.set_latency(latency);
        let begun = world.clock.now();
        world.pass();
        let rounds = world.clock.now().since(begun).as_millis() / latency.as_millis();
        let calls = world.registry.calls() as u128;
        assert_eq!(calls, 1 + 20 + 2 * 2_000);
        assert!(
            rounds * 10 <= calls * 13 / 6,
            "{rounds} rounds for {calls} calls at budget {budget}"
        );
    }
}

#[test]
fn a_repository_of_ten_thousand_tags() {
    let world = World::with(&[("SUBREQUEST_BUDGET", "1000")]);
    filled(&world, 1, 10_000);
    world.registry.set_page_size(Some(1_000));
    world.pass();
    assert_eq!(world.versions("").len(), 10_000);
    assert_eq!(world.versions("")[0], "chart-000 1.9999.0");
}
