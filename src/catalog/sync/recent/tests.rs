use super::*;
use crate::catalog::publish::chart_list::ChartList;
use crate::index::Space;
use crate::platform::DocumentMetadata;

const NOW: Timestamp = Timestamp(1_000_000);
const MIB: usize = 1024 * 1024;
const NOTHING: ReadingCounts = ReadingCounts {
    repositories: 0,
    listed: 0,
    tags: 0,
    read: 0,
};

fn view(name: &str) -> View {
    View::Folder(name.parse::<Space>().unwrap())
}

/// Keeps an index of so many bytes.
fn keep(recent: &Recent, name: &str, length: usize) {
    let metadata = DocumentMetadata {
        etag: name.to_owned(),
        length: length as u64,
        updated: NOW,
    };
    let body = Bytes::from(vec![b' '; length]);
    let document = Document { body, metadata };
    recent.keep_index(view(name), "fingerprint", &document);
}

/// Which of these is kept.
fn kept<'n>(recent: &Recent, names: &[&'n str]) -> Vec<&'n str> {
    let known = |name: &&str| recent.index(&view(name), "fingerprint", NOW).is_some();
    names.iter().copied().filter(known).collect()
}

/// An object has 128 MiB, and a step needs some of it.
#[test]
fn indexes_are_kept_as_far_as_there_is_room() {
    let recent = Recent::default();
    for name in ["a", "b", "c"] {
        keep(&recent, name, 15 * MIB);
    }
    assert_eq!(kept(&recent, &["a", "b", "c"]), ["b", "c"]);
    keep(&recent, "d", 3 * MIB);
    assert_eq!(kept(&recent, &["a", "b", "c", "d"]), ["c", "d"]);
    keep(&recent, "e", 2 * MIB);
    assert_eq!(kept(&recent, &["c", "d", "e"]), ["c", "d", "e"]);
    let working = recent.working();
    assert_eq!(kept(&recent, &["c", "d", "e"]), ["d", "e"]);
    keep(&recent, "f", 4 * MIB);
    assert_eq!(kept(&recent, &["d", "e", "f"]), ["e", "f"]);
    keep(&recent, "g", 8 * MIB + 1);
    assert_eq!(kept(&recent, &["e", "f", "g"]), [""; 0]);
    drop(working);
    keep(&recent, "g", 8 * MIB + 1);
    assert_eq!(kept(&recent, &["g"]), ["g"]);
    keep(&recent, "h", 32 * MIB + 1);
    assert_eq!(kept(&recent, &["g", "h"]), [""; 0]);
}

#[test]
fn an_index_is_kept_in_the_place_of_its_former_one_and_for_its_settings() {
    let recent = Recent::default();
    keep(&recent, "a", 1);
    keep(&recent, "a", 2);
    let found = recent.index(&view("a"), "fingerprint", NOW);
    assert_eq!(found.map(|found| found.body.len()), Some(2));
    assert!(recent.index(&view("a"), "another", NOW).is_none());
    assert!(recent.index(&view("b"), "fingerprint", NOW).is_none());
}

/// At rest an index is what the rows say, however old; in the middle of a step it is one of a moment ago.
#[test]
fn what_is_made_while_a_step_works_is_good_for_a_moment_and_no_longer_than_the_step() {
    let recent = Recent::default();
    keep(&recent, "a", 1);
    let old = NOW.after(Duration::from_hours(1));
    assert!(recent.index(&view("a"), "fingerprint", old).is_some());
    let working = recent.working();
    for (seconds, good) in [(0, true), (2, true), (3, false)] {
        let now = NOW.after(Duration::from_secs(seconds));
        let found = recent.index(&view("a"), "fingerprint", now);
        assert_eq!(found.is_some(), good, "{seconds}");
    }
    drop(working);
    assert_eq!(kept(&recent, &["a"]), [""; 0]);
}

#[test]
fn the_newest_thousand_deliveries_are_remembered() {
    let recent = Recent::default();
    for number in 0..=DELIVERIES {
        recent.remember_delivery(&format!("delivery-{number}"));
    }
    assert!(!recent.knows_delivery("delivery-0"));
    for number in 1..=DELIVERIES {
        assert!(recent.knows_delivery(&format!("delivery-{number}")));
    }
    assert_eq!(DELIVERIES, 1000);
}

/// The sender chooses the name: no megabyte of it is kept a thousand times.
#[test]
fn a_delivery_with_a_long_name_is_not_remembered() {
    let recent = Recent::default();
    let (longest, longer) = ("d".repeat(64), "d".repeat(65));
    recent.remember_delivery(&longest);
    recent.remember_delivery(&longer);
    assert!(recent.knows_delivery(&longest));
    assert!(!recent.knows_delivery(&longer));
}

#[test]
fn what_is_counted_is_good_for_five_seconds_and_not_before_it_was_counted() {
    let recent = Recent::default();
    let asked = Cell::new(0);
    let count_at = |milliseconds| {
        let counts = recent.counts::<()>(Timestamp(milliseconds), || {
            asked.set(asked.get() + 1);
            Ok(NOTHING)
        });
        counts.unwrap();
        asked.get()
    };
    assert_eq!(count_at(10_000), 1);
    assert_eq!(count_at(14_999), 1);
    assert_eq!(count_at(15_000), 2);
    assert_eq!(count_at(14_000), 3, "the clock was put back");
}

/// Lists of charts have a room of their own.
#[test]
fn lists_of_charts_are_kept_as_far_as_there_is_room() {
    let recent = Recent::default();
    let keep = |name: &str| {
        recent.keep_charts(
            view(name),
            "fingerprint",
            NOW,
            KeptList::Long(Rc::default()),
        );
    };
    let kept = |name: &str, fingerprint| recent.charts(&view(name), fingerprint, NOW).is_some();
    for number in 0..=LISTS {
        keep(&format!("v{number}"));
    }
    assert!(!kept("v0", "fingerprint") && kept("v1", "fingerprint"));
    assert!(!kept("v1", "another"));
    let working = recent.working();
    let later = NOW.after(Duration::from_secs(3));
    assert!(recent.charts(&view("v1"), "fingerprint", later).is_none());
    drop(working);
    assert!(!kept("v1", "fingerprint"));
}

/// However few, they take no more memory than there is room for.
#[test]
fn long_lists_of_charts_go_before_they_are_many() {
    let recent = Recent::default();
    for name in ["a", "b", "c"] {
        let mut list = ChartList::default();
        list.add(true, name, &"x".repeat(LISTS_KEPT / 2 - 100));
        let list = KeptList::List(Rc::new(list));
        recent.keep_charts(view(name), "fingerprint", NOW, list);
    }
    let kept = ["a", "b", "c"].map(|name| {
        let list = recent.charts(&view(name), "fingerprint", NOW);
        list.is_some()
    });
    assert_eq!(kept, [false, true, true]);
}
