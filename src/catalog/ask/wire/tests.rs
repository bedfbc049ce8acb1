use super::*;
use serde_json::value::RawValue;

use crate::catalog::ask::index::NoIndex;
use crate::catalog::ask::{
    Accepted, Charted, CreateSpace, ForgetSpace, Found, HeldInSpace, HeldPage, HeldVersion,
    InSpace, ListSpaces, Progress, ServingTag, SpaceCreated, SpaceNames, Status, TagPlace, Ticket,
};
use crate::index::{Space, View};
use crate::oci::Digest;
use crate::testing::World;

/// A catalog with one chart.
fn world() -> World {
    let world = World::with(&[]);
    world.registry.push_version("charts/a", "a", "1.0.0");
    world.pass();
    world
}

fn team() -> Space {
    "team".parse().unwrap()
}

fn in_space() -> InSpace {
    InSpace {
        space: team(),
        chart: Some("a".to_owned()),
        version: None,
        latest: true,
        metadata: false,
        removable: false,
        start: 0,
        limit: 10,
    }
}

fn list_spaces() -> ListSpaces {
    ListSpaces {
        view: View::root(),
        start: 0,
        limit: 10,
    }
}

/// Each question as its asker sends it.
fn every_question(fingerprint: &str) -> Vec<(&'static str, Request<Bytes>)> {
    fn one<Q: Ask>(question: &Q, fingerprint: &str) -> (&'static str, Request<Bytes>) {
        let request = request(question, fingerprint).unwrap();
        (Q::NAME, request.map(Bytes::from))
    }
    let index = Index {
        view: View::root(),
        fresh: true,
    };
    let find = Find {
        file: "a-1.0.0.tgz".parse().unwrap(),
        missed: true,
    };
    let read = ViewsRead {
        views: vec![View::root()],
    };
    let refresh = Refresh {
        path: Some("a".to_owned()),
        confirm: false,
    };
    let wait = Await {
        ticket: Ticket::default(),
        path: None,
    };
    let changed = Changed::Notified {
        names: vec![("charts/a".to_owned(), Some("1.0.0".to_owned()))],
        host: None,
        delivery: None,
    };
    let version = TagPlace {
        source: "registry.example/charts".to_owned(),
        repository: "charts/a".to_owned(),
        tag: "1.0.0".to_owned(),
    };
    let lock = Lock {
        version: version.clone(),
        holder: None,
        seconds: 60,
    };
    let written = Changed::Written {
        version,
        holder: 1,
        touched: true,
    };
    let charts = Charts {
        view: View::root(),
        name: None,
        offset: 0,
        limit: 10,
    };
    let tags_of = TagsOf {
        file: "a-1.0.0.tgz".parse().unwrap(),
        space: Space::root(),
        newcomer: None,
    };
    vec![
        one(&charts, fingerprint),
        one(&tags_of, fingerprint),
        one(&in_space(), fingerprint),
        one(&list_spaces(), fingerprint),
        one(&CreateSpace { space: team() }, fingerprint),
        one(&ForgetSpace { space: team() }, fingerprint),
        one(&lock, fingerprint),
        one(&written, fingerprint),
        one(&index, fingerprint),
        one(&find, fingerprint),
        one(&read, fingerprint),
        one(&Tick, fingerprint),
        one(&AskStatus, fingerprint),
        one(&Info { page: 0 }, fingerprint),
        one(&refresh, fingerprint),
        one(&wait, fingerprint),
        one(&changed, fingerprint),
    ]
}

#[test]
fn every_question_is_answered_to_its_own_kind_and_refused_to_all_others() {
    let world = world();
    let fingerprint = world.config.fingerprint();
    let own = party(fingerprint);
    // Form 1 sent the settings alone; a later form counts on.
    let later = format!("{}-{fingerprint}", FORM + 1);
    let others = format!("{FORM}-fedcba9876543210");
    let strangers = [
        None,
        Some(""),
        Some(fingerprint),
        Some(&later),
        Some(&others),
    ];
    for (name, request) in every_question(fingerprint) {
        let ask = |request: &Request<Bytes>| world.engine().respond(request).map(Bytes::from);
        assert_eq!(request.headers()[PARTY], own);
        let answer = ask(&request);
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        assert!(is_ours(answer.headers(), fingerprint), "{name}");
        for stranger in strangers {
            let mut request = request.clone();
            request.headers_mut().remove(PARTY);
            if let Some(stranger) = stranger {
                let stranger = stranger.parse().unwrap();
                request.headers_mut().insert(PARTY, stranger);
            }
            let refusal = ask(&request);
            assert_eq!(
                refusal.status(),
                StatusCode::CONFLICT,
                "{name} {stranger:?}"
            );
            assert_eq!(
                super::answer::<serde_json::Value>(&refusal, fingerprint),
                Err(AskError::Refused),
                "{name} {stranger:?}"
            );
            assert_eq!(document(refusal.headers(), fingerprint), None);
            // An asker of form 1 reads this as its own `Answer::Failed`.
            assert_eq!(
                refusal.body(),
                r#"{"answer":"failed","reason":"the catalog runs with other settings or code"}"#
            );
        }
    }
}

/// An object of form 1 does not say which settings its answers are of; one of a later form says another number.
#[test]
fn an_answer_of_other_code_is_never_taken_for_one() {
    let world = World::with(&[]);
    let fingerprint = world.config.fingerprint();
    for body in [
        r#"{"answer":"missing"}"#,
        r#"{"answer":"failed","reason":"missing field `ask`"}"#,
        r#""missing""#,
        "null",
    ] {
        for party in [None, Some("3-0123456789abcdef"), Some(fingerprint)] {
            let mut response = Response::new(Bytes::from(body));
            if let Some(party) = party {
                response.headers_mut().insert(PARTY, party.parse().unwrap());
            }
            let metadata = r#"{"etag":"\"a\"","length":1,"updated":1}"#;
            response
                .headers_mut()
                .insert(METADATA, metadata.parse().unwrap());
            assert_eq!(
                answer::<Found>(&response, fingerprint),
                Err(AskError::Refused)
            );
            assert_eq!(answer::<()>(&response, fingerprint), Err(AskError::Refused));
            assert_eq!(document(response.headers(), fingerprint), None);
        }
    }
}

#[test]
fn what_is_no_question_is_a_failure_that_says_why() {
    let world = world();
    let fingerprint = world.config.fingerprint();
    let send = |name: &str, body: &'static str| {
        let request = Request::post(format!("{HOST}{name}"))
            .header(PARTY, party(fingerprint))
            .body(Bytes::from(body))
            .unwrap();
        let response = world.engine().respond(&request).map(Bytes::from);
        answer::<()>(&response, fingerprint)
    };
    let failed = |reason: &str| Err(AskError::Failed(reason.to_owned()));
    assert_eq!(send("tick", "null"), Ok(()));
    assert_eq!(send("tock", "null"), failed("no such question"));
    assert_eq!(send("", "null"), failed("no such question"));
    assert_eq!(
        send("find", "{}"),
        failed("missing field `file` at line 1 column 2")
    );
    assert_eq!(
        send("index", r#"{"view":"../a","fresh":true}"#),
        failed("not a repository name at line 1 column 14")
    );
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Questions about spaces, and their answers.
fn about_spaces() -> [String; 15] {
    [
        json(&in_space()),
        json(&HeldInSpace::NoSpace),
        json(&HeldInSpace::TooLong),
        json(&HeldInSpace::NotReady(Progress::default())),
        json(&HeldInSpace::Page(HeldPage {
            total: 1,
            classic: 0,
            items: vec![HeldVersion {
                name: "a".to_owned(),
                version: "1.0.0".to_owned(),
                file: "a-1.0.0.tgz".parse().unwrap(),
                package: Digest::sha256_of(b""),
                manifest: Digest::sha256_of(b""),
                metadata: None,
            }],
        })),
        json(&list_spaces()),
        json(&SpaceNames::Page {
            total: 1,
            names: vec![team()],
        }),
        json(&SpaceNames::TooLong),
        json(&SpaceNames::NotReady(Progress::default())),
        json(&CreateSpace { space: team() }),
        json(&SpaceCreated::Created),
        json(&SpaceCreated::Exists),
        json(&SpaceCreated::TooMany),
        json(&SpaceCreated::NotReady(Progress::default())),
        json(&ForgetSpace { space: team() }),
    ]
}

/// Raise [`FORM`] when this changes.
#[test]
fn the_form_is_what_its_number_says() {
    let view: View = "team".parse().unwrap();
    let version = TagPlace {
        source: "registry.example".to_owned(),
        repository: "charts/a".to_owned(),
        tag: "1.0.0".to_owned(),
    };
    let ticket = Ticket {
        number: 1,
        sources: vec!["registry.example".to_owned()],
        pass: Some(2),
    };
    let lines = [
        json(&Index {
            view: view.clone(),
            fresh: true,
        }),
        json(&Find {
            file: "a-1.0.0.tgz".parse().unwrap(),
            missed: true,
        }),
        json(&ViewsRead { views: vec![view] }),
        json(&Tick),
        json(&AskStatus),
        json(&Info { page: 1 }),
        json(&Refresh {
            path: None,
            confirm: true,
        }),
        json(&Await {
            ticket: ticket.clone(),
            path: Some("a".to_owned()),
        }),
        json(&Changed::Notified {
            names: vec![("charts/a".to_owned(), None)],
            host: None,
            delivery: None,
        }),
        json(&Lock {
            version: version.clone(),
            holder: None,
            seconds: 60,
        }),
        json(&Changed::Written {
            version,
            holder: 1,
            touched: true,
        }),
        json(&Some(1_u64)),
        json(&Charts {
            view: View::root(),
            name: Some("a".to_owned()),
            offset: 0,
            limit: 10,
        }),
        json(&Charted::Entries(
            RawValue::from_string("{}".to_owned()).unwrap(),
        )),
        json(&Charted::TooLong),
        json(&Charted::NotReady(Progress::default())),
        json(&TagsOf {
            file: "a-1.0.0.tgz".parse().unwrap(),
            space: Space::root(),
            newcomer: None,
        }),
        json(&[ServingTag {
            source: "registry.example".to_owned(),
            repository: "charts/a".to_owned(),
            tag: "1.0.0".to_owned(),
            manifest: Digest::sha256_of(b""),
            package: Digest::sha256_of(b""),
            name: "a".to_owned(),
            yields: true,
        }]),
        json(&NoIndex::Missing),
        json(&NoIndex::NotReady(Progress::default())),
        json(&Found::Missing),
        json(&Found::NotReady(Progress::default())),
        json(&Found::Candidates(vec![])),
        json(&()),
        json(&Status::default()),
        json(&None::<Accepted>),
        json(&Accepted {
            ticket,
            done: true,
            etag: None,
            fault: None,
            unread: None,
        }),
    ];
    insta::assert_snapshot!(format!(
        "form {FORM}\n{}",
        [&lines[..], &about_spaces()].concat().join("\n")
    ));
}

#[test]
fn a_question_is_another_under_other_settings_or_another_name() {
    let tick = request(&Tick, "mine").unwrap().map(Bytes::from);
    assert!(asks::<Tick>(&tick, "mine"));
    assert!(!asks::<Tick>(&tick, "theirs"));
    assert!(!asks::<AskStatus>(&tick, "mine"));
}
