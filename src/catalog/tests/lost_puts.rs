//! Puts whose end nobody knows: KV has what was put, or what was there before.

use std::future::poll_fn;
use std::task::Poll;

use super::*;

/// A catalog of one version that pushes another, and dies when the root that shows it has been stored.
fn dead_after_a_put() -> World {
    let mut world = World::new();
    world.documents.limit_puts(false);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    world.clock.advance(Duration::from_secs(5));
    world.registry.push_version("charts/a", "a", "1.1.0");
    world.notify("charts/a", Some("1.1.0"));
    {
        let stored = poll_fn(|context| {
            if world.versions("").len() == 2 {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        });
        let engine = world.engine();
        let step = std::pin::pin!(engine.step());
        run(&world.clock, futures::future::select(step, stored));
    }
    assert_eq!(world.versions(""), ["a 1.1.0", "a 1.0.0"]);
    world.incarnation = "second".to_owned();
    world.recent = Recent::default();
    world
}

#[test]
fn what_an_object_put_that_died_is_put_right_when_it_is_as_it_was_before() {
    let world = dead_after_a_put();
    world.registry.delete_tag("charts/a", "1.1.0");
    world.notify("charts/a", None);
    world.rest();
    assert_eq!(world.versions(""), ["a 1.0.0"]);
}

#[test]
fn what_was_stored_though_its_put_failed_is_put_right_when_it_is_as_it_was_before() {
    let world = World::new();
    world.documents.limit_puts(false);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world.rest();
    let root = Key::Index(View::root()).name(world.config.fingerprint());
    let (before, _) = world.documents.stored(&root).unwrap();
    world.registry.push_version("charts/a", "a", "1.1.0");
    world.clock.advance(Duration::from_secs(5));
    world.notify("charts/a", Some("1.1.0"));
    world.documents.fail_puts(5);
    world.wait_for_alarm();
    world.step();
    // KV took it, and said that it did not.
    world.documents.seed(&root, "{\"entries\":{}}", "newer");
    world.registry.delete_tag("charts/a", "1.1.0");
    world.notify("charts/a", None);
    world.documents.fail_puts(0);
    world.clock.advance(Duration::from_hours(1));
    world.pass();
    world.rest();
    assert_eq!(world.documents.stored(&root).unwrap().0, before);
}

/// What is there is put again at the most once.
#[test]
fn an_index_whose_put_was_heard_of_is_not_put_again() {
    let world = dead_after_a_put();
    world.rest();
    let puts = world.documents.puts();
    world.notify("charts/a", None);
    world.rest();
    world.pass();
    assert_eq!(world.documents.puts(), puts);
}
