//! Two sources that hold the same charts, as a registry and its mirror do: what one does not give, the other does.

use super::super::*;
use super::pair::{ALL, MINUTE, Pair, SECOND, Wrong};
use super::served;
use crate::testing::Fault;

#[test]
fn what_one_source_refuses_of_a_digest_another_gives() {
    for first in [true, false] {
        let pair = Pair::new(Wrong::Nothing);
        let world = &pair.world;
        let refusing = if first { &pair.other } else { &world.registry };
        refusing.inject("/blobs/", None, Fault::status(500));
        for registry in [&pair.other, &world.registry] {
            registry.push_version("charts/same", "same", "1.0.0");
        }
        let took = pair.until(MINUTE, |world| served(world, "same") == 1);
        assert!(took <= SECOND * 30, "{took:?}");
    }
}

#[test]
fn a_chart_that_both_have_waits_for_neither() {
    for wrong in ALL {
        let pair = Pair::new(wrong);
        let world = &pair.world;
        for registry in [&pair.other, &world.registry] {
            registry.push_version("charts/same", "same", "1.0.0");
        }
        pair.until(MINUTE, |world| served(world, "a") == 100);
        assert_eq!(served(world, "same 1.0.0"), 1, "{wrong:?}");
        for registry in [&pair.other, &world.registry] {
            registry.push_version("charts/same", "same", "1.1.0");
        }
        world.notify("charts/same", Some("1.1.0"));
        let took = pair.until(MINUTE, |world| served(world, "same 1.1.0") == 1);
        assert!(took <= SECOND * 8, "{wrong:?}: {took:?}");
    }
}
