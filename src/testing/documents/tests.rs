use std::rc::Rc;

use futures::executor::block_on;

use super::*;

fn put(documents: &FakeDocuments, value: &str) -> Result<(), DocumentsError> {
    let metadata = DocumentMetadata {
        etag: format!("\"{value}\""),
        length: value.len() as u64,
        updated: Timestamp(0),
    };
    block_on(documents.put("k", value.as_bytes(), &metadata))
}

fn get(documents: &FakeDocuments) -> Option<Bytes> {
    block_on(documents.get("k")).unwrap().map(|it| it.body)
}

fn ticking() -> (Rc<Cell<i64>>, FakeDocuments) {
    let hand = Rc::new(Cell::new(0));
    let clock = Rc::clone(&hand);
    (hand, FakeDocuments::new(move || Timestamp(clock.get())))
}

#[test]
fn a_miss_is_remembered_for_a_minute() {
    let (hand, documents) = ticking();
    documents.remember_misses(true);
    assert_eq!(get(&documents), None);
    put(&documents, "new").unwrap();
    hand.set(59_999);
    assert_eq!(get(&documents), None);
    hand.set(60_000);
    assert_eq!(get(&documents).as_deref(), Some(b"new".as_slice()));
}

#[test]
fn a_value_is_remembered_for_a_minute() {
    let (hand, documents) = ticking();
    documents.remember_values(true);
    put(&documents, "old").unwrap();
    assert_eq!(get(&documents).as_deref(), Some(b"old".as_slice()));
    put(&documents, "new").unwrap();
    hand.set(59_999);
    assert_eq!(get(&documents).as_deref(), Some(b"old".as_slice()));
    hand.set(60_000);
    assert_eq!(get(&documents).as_deref(), Some(b"new".as_slice()));
}

#[test]
fn puts_are_refused_as_told() {
    let (hand, documents) = ticking();
    documents.limit_puts(true);
    put(&documents, "a").unwrap();
    hand.set(999);
    assert_eq!(
        put(&documents, "b"),
        Err(DocumentsError::Store("429".into()))
    );
    hand.set(1000);
    documents.fail_puts(1);
    assert_eq!(
        put(&documents, "b"),
        Err(DocumentsError::Store("500".into()))
    );
    put(&documents, "b").unwrap();
    assert_eq!(get(&documents).as_deref(), Some(b"b".as_slice()));
    assert_eq!(documents.puts(), 4);
}
