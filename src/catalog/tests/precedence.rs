//! Whose word decides which repository serves a file.

use serde_json::json;

use super::*;

/// Between repositories of registries: `dev/web` is the shorter name, and took the chart of `team-payments/web` over at the root.
#[test]
fn the_operators_word_decides_before_all_else() {
    for (precedence, collisions, winner) in [
        ("", "first", Some("dev")),
        ("team-payments/**", "first", Some("team-payments")),
        ("team-payments/** dev/**", "hide", Some("team-payments")),
        ("dev/** team-payments/**", "hide", Some("dev")),
        ("other/**", "hide", None),
        ("*/web", "hide", None),
    ] {
        let world = World::with(&[("PRECEDENCE", precedence), ("COLLISIONS", collisions)]);
        let pushed = ["dev", "team-payments"].map(|team| {
            let repository = format!("charts/{team}/web");
            let metadata = json!({"apiVersion": "v2", "name": "web", "version": "1.0.0"});
            let package = team.as_bytes();
            let pushed =
                world
                    .registry
                    .push_chart(&repository, "1.0.0", &metadata, package, None, &[]);
            (team, pushed.package.hex().to_owned())
        });
        world.pass();
        let root = world.published(&Key::Index(View::root())).unwrap();
        let served = root["entries"]["web"][0]["digest"].as_str();
        let served = pushed
            .iter()
            .find(|(_, digest)| Some(digest.as_str()) == served);
        assert_eq!(
            served.map(|(team, _)| *team),
            winner,
            "{precedence} {collisions}"
        );
        // The file table says the same, and /info who was beaten.
        let file = "web-1.0.0.tgz".parse().unwrap();
        let Found::Candidates(candidates) = world.ask(&ask::Find { file, missed: true }) else {
            panic!("nobody offers it")
        };
        let first = &candidates[0];
        if let Some(winner) = winner {
            assert_eq!(first.repository, format!("charts/{winner}/web"));
        }
        let info = world.ask(&ask::Info { page: 0 });
        let by = winner.map(|winner| format!("charts/{winner}/web"));
        assert_eq!(info["shadowed"][0]["by"].as_str(), by.as_deref());
    }
}
