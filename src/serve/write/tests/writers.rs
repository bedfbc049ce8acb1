//! Many writers, and those that died.

use std::time::Duration;

use http::header::CONTENT_LENGTH;

use super::*;
use crate::catalog::ask::{Changed, Lock, TagPlace};
use crate::platform::Clock as _;

fn version() -> TagPlace {
    TagPlace {
        source: "registry.example/charts".to_owned(),
        repository: "charts/web".to_owned(),
        tag: "1.0.0".to_owned(),
    }
}

fn lock(museum: &Museum, holder: Option<u64>, seconds: u64) -> Option<u64> {
    museum.world.ask(&Lock {
        version: version(),
        holder,
        seconds,
    })
}

#[test]
fn one_writes_and_the_other_waits_for_the_dead_no_longer_than_their_lock() {
    let museum = Museum::new(&[]);
    let web = chart("web", "1.0.0", "");
    let dead = lock(&museum, None, 100).unwrap();
    let answer = museum.post("/api/charts", web.clone());
    assert_eq!(error(&answer), "423 somebody else is writing this version");
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(museum.world.registry.calls(), 0);
    // Another version of the chart, and the same in another space, are free.
    assert_eq!(
        status(&museum.post("/api/charts", chart("web", "1.0.1", ""))),
        201
    );
    assert_eq!(status(&museum.post("/api/team/charts", web.clone())), 201);
    // Readers never wait.
    assert!(museum.served("/charts/web-1.0.1.tgz").is_some());
    assert_eq!(
        lock(&museum, Some(dead), 100),
        Some(dead),
        "it lives and goes on"
    );
    museum.world.clock.advance(Duration::from_secs(101));
    assert_eq!(status(&museum.post("/api/charts", web)), 201);
    assert_eq!(lock(&museum, Some(dead), 100), None, "its lock has ended");
}

#[test]
fn a_lock_is_given_back_by_its_holder_only() {
    let museum = Museum::new(&[]);
    let unlock = |holder| {
        museum.world.ask(&Changed::Written {
            version: version(),
            holder,
            touched: false,
        });
    };
    let first = lock(&museum, None, 100).unwrap();
    unlock(first + 1);
    assert_eq!(lock(&museum, None, 100), None);
    unlock(first);
    let second = lock(&museum, None, 1_000_000).unwrap();
    assert_ne!(first, second);
    unlock(first);
    assert_eq!(lock(&museum, None, 100), None);
    // However long somebody wants it.
    museum.world.clock.advance(Duration::from_mins(10));
    assert!(lock(&museum, None, 100).is_some());
}

/// A registry that takes longer for one blob than a lock lasts.
#[test]
fn a_slow_writer_keeps_its_lock() {
    let museum = Museum::new(&[]);
    let web = chart("web", "1.0.0", "");
    museum.world.registry.set_latency(Duration::from_secs(20));
    let before = museum.world.clock.now();
    let answer = museum.post("/api/charts", web.clone());
    assert_eq!(status(&answer), 201, "{}", show(&answer));
    assert!(museum.world.clock.now().since(before) > Duration::from_mins(2));
    museum.world.registry.set_latency(Duration::ZERO);
    assert_eq!(museum.served("/charts/web-1.0.0.tgz"), Some(web.to_vec()));
}

/// What others upload takes the memory: nobody is read whose package has no room beside it, and the registry hears nothing.
#[test]
fn what_is_uploaded_at_one_time_is_bounded() {
    let museum = Museum::new(&[]);
    let web = chart("web", "1.0.0", "");
    let (uploads, now) = (&museum.world.memory.uploads, museum.world.clock.now());
    let most = 32 << 20;
    let post = |headers: &[(HeaderName, &str)]| {
        museum.send_with("POST", "/api/charts", headers, web.clone())
    };
    let busy = "503 too many requests at once: come again in a moment";
    let others = uploads.hold(most - 1, now).unwrap();
    // As it comes; and before it comes, where its sender says how long it is.
    let stated = (CONTENT_LENGTH, "1000000");
    for headers in [vec![TOKEN], vec![TOKEN, stated]] {
        museum.world.received.borrow_mut().clear();
        let answer = post(&headers);
        assert_eq!(error(&answer), busy);
        assert_eq!(answer.headers()["retry-after"], "1");
        let is_read = !museum.world.received.borrow().is_empty();
        assert_eq!(is_read, headers.len() == 1);
    }
    assert_eq!(museum.world.registry.calls(), 0);
    drop(others);
    assert_eq!(status(&post(&[TOKEN])), 201);
    // It was given back.
    assert!(uploads.hold(most, now).is_some());
}

/// Ten writers of each of ten charts, each with bytes of its own: of each chart one wins, the index in the end holds what the
/// registry holds, and everybody was told the truth.
#[test]
fn a_hundred_writers_of_ten_charts() {
    let museum = Museum::new(&[]);
    museum.world.registry.set_latency(Duration::from_millis(7));
    let charts: Vec<Bytes> = (0..100)
        .map(|nth| chart(&format!("c{}", nth % 10), "1.0.0", &nth.to_string()))
        .collect();
    let requests: Vec<Sent<'_>> = charts
        .iter()
        .map(|body| Sent {
            method: "POST",
            path: "/api/charts",
            headers: &[TOKEN],
            body: body.clone(),
        })
        .collect();
    let answers: Vec<u16> = museum.send_all(&requests).iter().map(status).collect();
    for name in 0..10 {
        let of_it = || (0..100).filter(|nth| nth % 10 == name);
        let won: Vec<usize> = of_it().filter(|nth| answers[*nth] == 201).collect();
        assert_eq!(won.len(), 1, "c{name}: {answers:?}");
        assert!(of_it().all(|nth| matches!(answers[nth], 201 | 409 | 423)));
        let served = museum.served(&format!("/charts/c{name}-1.0.0.tgz"));
        assert_eq!(served, Some(charts[won[0]].to_vec()), "c{name}");
    }
    // With force, whoever was not told 423 has had its turn, and one of them is what is served.
    let forced: Vec<Sent<'_>> = requests
        .iter()
        .map(|sent| Sent {
            method: "POST",
            path: "/api/charts?force",
            headers: sent.headers,
            body: sent.body.clone(),
        })
        .collect();
    let answers: Vec<u16> = museum.send_all(&forced).iter().map(status).collect();
    assert!(
        answers.iter().all(|status| matches!(status, 201 | 423)),
        "{answers:?}"
    );
    for name in 0..10 {
        let served = museum
            .served(&format!("/charts/c{name}-1.0.0.tgz"))
            .unwrap();
        let writers = (0..100).filter(|nth| nth % 10 == name && answers[*nth] == 201);
        assert!(writers.clone().count() > 0);
        assert!(
            writers.into_iter().any(|nth| charts[nth] == served),
            "c{name}"
        );
    }
    let all = museum.world.registry.all_tags();
    assert_eq!(all.len(), 10);
    // Nobody asks past caches without end.
    museum.world.clock.advance(Duration::from_secs(1));
    assert_eq!(
        museum.index().matches("\"version\":\"1.0.0\"").count(),
        10,
        "{}",
        museum.index()
    );
}
