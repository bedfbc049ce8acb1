//! Links in indexes: relative, or below `CHART_URL`.

use super::worker::{body, get};
use super::*;

#[test]
fn links_begin_with_the_address_that_is_set() {
    const BASE: &str = "https://charts.acme.example/x/";
    for base in ["", BASE] {
        let world = World::with(&[("CHART_URL", base)]);
        world.registry.push_version("charts/team-a/a", "a", "1.0.0");
        world.pass();
        world.rest();
        for folder in ["", "team-a/"] {
            let index = get(&world, &format!("{folder}index.yaml"));
            let index: Value = serde_json::from_slice(body(&index)).unwrap();
            let link = index["entries"]["a"][0]["urls"][0].as_str().unwrap();
            // A relative link is below the index that it stands in, an absolute one says so itself.
            let path = if base.is_empty() {
                format!("{folder}{link}")
            } else {
                link.strip_prefix(BASE).unwrap().to_owned()
            };
            assert!(path.starts_with(&format!("{folder}charts/")), "{link}");
            assert_eq!(get(&world, &path).status(), 200, "{link}");
        }
    }
}
