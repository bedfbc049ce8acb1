use crate::catalog::Progress;
use crate::catalog::rows::registry_fault::RegistryFault;
use std::time::Duration;

use crate::serve::tests::{PRIVATE, PUBLIC, READER, Say, World, bytes, error, show, status};

use super::*;

fn says(ready: bool) -> [Say; 1] {
    let fault = RegistryFault {
        host: "registry.example".to_owned(),
        kind: "did not answer in time".to_owned(),
        retry_at: None,
    };
    let status = Status {
        ready,
        progress: Progress {
            repositories: 3,
            listed: 3,
            tags: 5000,
            read: 1234,
            fault: (!ready).then_some(fault),
        },
        charts: 3,
        versions: 1200,
        ..Status::default()
    };
    [Say::answer(&status)]
}

#[test]
fn anyone_sees_what_this_is() {
    let world = World::of(PUBLIC);
    world.say(says(true));
    insta::assert_snapshot!(show(&world.get("/")), @"
        200
        cache-control: no-store
        content-length: 146
        content-type: text/plain; charset=utf-8
        strict-transport-security: max-age=31536000
        vary: accept
        x-content-type-options: nosniff

        Portolan: a Helm chart repository in front of an OCI registry.

        $ helm repo add charts https://charts.example

        It has 1,200 versions of 3 charts.
    ");
    world.say(says(false));
    world.clock.advance(Duration::from_secs(5));
    insta::assert_snapshot!(String::from_utf8_lossy(bytes(&world.get("/"))), @"
        Portolan: a Helm chart repository in front of an OCI registry.

        $ helm repo add charts https://charts.example

        The first sync is running: 1,234 of about 5,000 tags.

        The registry registry.example did not answer in time.
    ");
}

/// `/` told strangers the registry's host and its fault, and each look asked the catalog.
/// CVE-2022-46463 (Harbor): strangers learn nothing of what there is.
#[test]
fn a_stranger_of_a_private_worker_is_told_that_it_is_up_and_how_to_log_in() {
    for ready in [true, false] {
        let world = World::of(PRIVATE);
        world.say(says(ready));
        for path in ["/", "//"] {
            let answer = world.get(path);
            if path == "//" {
                assert_eq!(status(&answer), 404);
                continue;
            }
            insta::allow_duplicates! {
                insta::assert_snapshot!(String::from_utf8_lossy(bytes(&answer)), @"
                    Portolan: a Helm chart repository in front of an OCI registry.

                    $ helm repo add charts https://charts.example --username <user> --password-stdin
                ");
            }
        }
        assert_eq!(world.asked(), [""; 0]);
        let answer = world.get_with("/", &[READER]);
        let text = String::from_utf8_lossy(bytes(&answer));
        let counts = [
            "It has 1,200 versions of 3 charts.",
            "1,234 of about 5,000 tags",
        ];
        assert!(text.contains(counts[usize::from(!ready)]), "{text}");
    }
}

#[test]
fn browsers_get_html() {
    let world = World::of(PUBLIC);
    world.say([Say::broken()]);
    insta::assert_snapshot!(show(&world.get_with("/", &[(ACCEPT, "text/html,*/*;q=0.8")])), @r#"
        200
        cache-control: no-store
        content-length: 328
        content-security-policy: default-src 'none'; style-src 'unsafe-inline'
        content-type: text/html; charset=utf-8
        strict-transport-security: max-age=31536000
        vary: accept
        x-content-type-options: nosniff

        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>Portolan</title>
        <style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 3rem auto; padding: 0 1rem }</style>
        <p>Portolan: a Helm chart repository in front of an OCI registry.</p>
        <pre>helm repo add charts https://charts.example</pre>
        </html>
    "#);
}

#[test]
fn a_host_is_shown_only_as_a_shell_may_see_it() {
    let config = crate::testing::config(&[]);
    let line = |uri: &str| {
        let request = http::Request::get(uri).body(()).unwrap();
        add_line(&config, &request.into_parts().0, &Space::root())
    };
    assert_eq!(
        line("http://localhost:8787/"),
        "$ helm repo add charts http://localhost:8787"
    );
    assert_eq!(
        line("https://u:p@charts.example/"),
        "$ helm repo add charts https://charts.example"
    );
    assert_eq!(
        line("https://a$b/"),
        "$ helm repo add charts https://<this host>"
    );
    assert_eq!(line("/"), "$ helm repo add charts https://<this host>");
}

/// A thousand looks at `/` are one question in five seconds, and none of what readers may ask.
#[test]
fn looks_at_the_page_take_nothing_from_readers() {
    let world = World::of(PUBLIC);
    world.say(says(true));
    let asked = world.get("/");
    for n in 0..1000 {
        let path = if n % 2 == 0 { "/" } else { "/?x" };
        assert_eq!(show(&world.get(path)), show(&asked));
    }
    assert_eq!(world.asked().len(), 1);
    world.clock.advance(Duration::from_millis(4_999));
    world.get("/");
    assert_eq!(world.asked().len(), 1);
    world.clock.advance(Duration::from_millis(1));
    // The catalog fails: what it said before is good enough, and it is not asked again at once.
    world.say([Say::broken()]);
    for _ in 0..10 {
        assert_eq!(show(&world.get("/")), show(&asked));
    }
    assert_eq!(world.asked().len(), 2);
    world.say([Say::Missing]);
    for n in 0..20 {
        world.get(&format!("/charts/x-{n}.tgz"));
    }
    assert_eq!(world.asked().len(), 22, "all twenty of this second");
}

#[test]
fn a_space_s_own_address_answers_as_the_root_does() {
    let world = World::of(PUBLIC);
    world.publish_index("team-a", "index");
    world.say(says(true));
    for path in ["/team-a", "/team-a/"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(show(&world.get(path)), @"
                200
                cache-control: no-store
                content-length: 153
                content-type: text/plain; charset=utf-8
                strict-transport-security: max-age=31536000
                vary: accept
                x-content-type-options: nosniff

                Portolan: a Helm chart repository in front of an OCI registry.

                $ helm repo add charts https://charts.example/team-a

                It has 1,200 versions of 3 charts.
            ");
        }
    }
    world.say([Say::Missing]);
    for _ in 0..3 {
        let none = world.get("/team-b");
        assert_eq!(error(&none), "404 there is nothing at this path");
    }
    assert_eq!(world.asked().len(), 2, "the status, and the space once");
    // To a stranger of a private Worker no path tells whether it is a space.
    let world = World::of(PRIVATE);
    world.publish_index("team-a", "index");
    for path in ["/team-a", "/team-b"] {
        let none = world.get(path);
        assert_eq!(error(&none), "401 credentials are missing or wrong");
    }
    assert_eq!((world.documents.gets(), world.asked().len()), (0, 0));
    world.say(says(true));
    assert_eq!(status(&world.get_with("/team-a", &[READER])), 200);
}
