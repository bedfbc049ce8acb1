use crate::catalog::{Progress, RegistryFault};
use crate::serve::tests::{PRIVATE, PUBLIC, READER, Say, World, bytes, show};

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
    let world = World::new(PUBLIC);
    world.say(says(true));
    insta::assert_snapshot!(show(&world.get("/")), @"
        200
        cache-control: no-store
        content-length: 146
        content-type: text/plain; charset=utf-8
        vary: accept
        x-content-type-options: nosniff

        Portolan: a Helm chart repository in front of an OCI registry.

        $ helm repo add charts https://charts.example

        It has 1,200 versions of 3 charts.
    ");
    world.say(says(false));
    insta::assert_snapshot!(String::from_utf8_lossy(bytes(&world.get("/"))), @"
        Portolan: a Helm chart repository in front of an OCI registry.

        $ helm repo add charts https://charts.example

        The first sync is running: 1,234 of about 5,000 tags.

        The registry registry.example did not answer in time.
    ");
}

#[test]
fn counts_are_for_readers() {
    let world = World::new(PRIVATE);
    let text = |headers: &[_]| {
        let answer = world.get_with("/", headers);
        String::from_utf8_lossy(bytes(&answer)).into_owned()
    };
    world.say(says(true));
    assert!(!text(&[]).contains("1,200"), "{}", text(&[]));
    assert!(text(&[READER]).contains("It has 1,200 versions of 3 charts."));
    world.say(says(false));
    assert!(!text(&[]).contains("1,234"), "{}", text(&[]));
    assert!(text(&[]).contains(
        "The first sync is running.\n\nThe registry registry.example did not answer in time."
    ));
    assert!(text(&[READER]).contains("1,234 of about 5,000 tags"));
    assert!(text(&[]).contains("--username <user> --password-stdin"));
}

#[test]
fn browsers_get_html() {
    let world = World::new(PUBLIC);
    world.say([Say::broken()]);
    insta::assert_snapshot!(show(&world.get_with("/", &[(ACCEPT, "text/html,*/*;q=0.8")])), @r#"
        200
        cache-control: no-store
        content-length: 328
        content-security-policy: default-src 'none'; style-src 'unsafe-inline'
        content-type: text/html; charset=utf-8
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
    let config = crate::serve::tests::config(PUBLIC).unwrap();
    let line = |uri: &str| {
        let request = http::Request::get(uri).body(()).unwrap();
        add_line(&config, &request.into_parts().0)
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

#[test]
fn strangers_cannot_keep_the_catalog_busy() {
    let world = World::new(PUBLIC);
    world.say(says(true));
    for _ in 0..30 {
        world.get("/");
    }
    assert_eq!(world.asked().len(), 20);
}
