use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// Name, version, metadata and date of an entry.
type Row<'r> = (&'r str, &'r str, &'r str, Option<&'r str>);

fn push(writer: &mut Writer, row: Row<'_>, digest: &str) -> Result<(), Refused> {
    let (name, version, metadata, created) = row;
    let entry = Entry {
        base: "",
        name,
        version,
        file: &format!("{name}-{version}.tgz"),
        metadata,
        created,
        digest,
        elsewhere: None,
    };
    writer.push(&entry, Detail::Full)
}

#[track_caller]
fn document(format: IndexFormat, rows: &[Row<'_>]) -> String {
    let mut writer = Writer::new(format, DOCUMENT_LIMIT);
    for (place, row) in rows.iter().enumerate() {
        push(&mut writer, *row, if place % 2 == 0 { A } else { B }).unwrap();
    }
    let written = writer.finish();
    assert_eq!(written.etag, etag(&written.bytes));
    String::from_utf8(written.bytes).unwrap()
}

const ROWS: [Row<'_>; 4] = [
    (
        "nginx",
        "1.1.0+build.5",
        r#"{"apiVersion":"v2","appVersion":"1e3","deprecated":true,"description":"say \"hi\"\n\ttwice / \\ 🚀","maintainers":[{"name":"no","email":"a@b.example"}],"name":"nginx","version":"1.1.0+build.5"}"#,
        Some("2025-11-20T10:00:00Z"),
    ),
    (
        "nginx",
        "1.0.0",
        r#"{"annotations":{"category":"yes","x/y":"line\u2028break\u007f"},"apiVersion":"v1","name":"nginx","version":"1.0.0"}"#,
        Some("2024-01-01T00:00:00Z"),
    ),
    (
        "redis",
        "2.0.0",
        r#"{"apiVersion":"v2","dependencies":[{"condition":"common.enabled","import-values":["data",{"child":"a","parent":"b"}],"name":"common","repository":"oci://ghcr.io/acme","tags":["x"],"version":">=1"}],"keywords":["cache","1:30"],"name":"redis","type":"application","version":"2.0.0"}"#,
        Some("2025-11-21T09:30:00Z"),
    ),
    (
        "zeta",
        "v1.2",
        r#"{"apiVersion":"v2","name":"zeta","version":"v1.2"}"#,
        None,
    ),
];

#[test]
fn json_document() {
    insta::assert_snapshot!(document(IndexFormat::Json, &ROWS));
}

#[test]
fn yaml_document() {
    insta::assert_snapshot!(document(IndexFormat::Yaml, &ROWS));
}

#[test]
fn both_say_the_same() {
    let [json, yaml] = [IndexFormat::Json, IndexFormat::Yaml].map(|format| document(format, &ROWS));
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_yaml::from_str::<Value>(&json).unwrap(), read);
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), read);
    assert_eq!(read["generated"], "2025-11-21T09:30:00Z");
    assert_eq!(
        read["entries"]["nginx"][1]["urls"],
        json!(["charts/bbbbbbbbbbbbbbbb/nginx-1.0.0.tgz"])
    );
    assert_eq!(read["entries"]["nginx"][0]["digest"], A);
}

#[test]
fn nothing_is_an_index_too() {
    assert_eq!(
        document(IndexFormat::Json, &[]),
        "{\"apiVersion\":\"v1\",\"entries\":{}}\n"
    );
    assert_eq!(
        document(IndexFormat::Yaml, &[]),
        "\"apiVersion\": \"v1\"\n\"entries\": {}\n"
    );
}

#[test]
fn without_dates_there_is_no_generated() {
    for format in [IndexFormat::Json, IndexFormat::Yaml] {
        let text = document(format, &ROWS[3..]);
        assert!(
            text.ends_with('\n') && !text.contains("generated"),
            "{text}"
        );
        assert_eq!(
            serde_yaml::from_str::<Value>(&text).unwrap()["entries"]["zeta"][0]["version"],
            "v1.2"
        );
    }
}

#[test]
fn one_version_a_line() {
    let text = document(IndexFormat::Json, &ROWS);
    let versions: Vec<Value> = text
        .lines()
        .filter(|line| {
            line.starts_with("{\"") && !line.starts_with("{\"apiVersion\":\"v1\",\"entries\"")
        })
        .map(|line| serde_json::from_str(line.trim_end_matches(',')).unwrap())
        .collect();
    assert_eq!(versions.len(), ROWS.len());
}

#[test]
fn the_same_rows_are_the_same_bytes_and_others_are_not() {
    let mut tags = Vec::new();
    for format in [IndexFormat::Json, IndexFormat::Yaml] {
        for rows in [&ROWS[..], &ROWS[..3], &[]] {
            let text = document(format, rows);
            assert_eq!(text, document(format, rows));
            tags.push(etag(text.as_bytes()));
        }
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 6);
    assert_eq!(etag(b""), "\"e3b0c44298fc1c149afbf4c8996fb924\"");
}

#[test]
fn the_limit_is_exact_and_what_does_not_fit_changes_nothing() {
    for format in [IndexFormat::Json, IndexFormat::Yaml] {
        for count in 1..=ROWS.len() {
            let whole = document(format, &ROWS[..count]);
            let without = document(format, &ROWS[..count - 1]);
            for limit in [whole.len(), whole.len() - 1] {
                let mut writer = Writer::new(format, limit);
                for (place, row) in ROWS[..count].iter().enumerate() {
                    let pushed = push(&mut writer, *row, if place % 2 == 0 { A } else { B });
                    let fits = limit == whole.len() || place + 1 < count;
                    assert_eq!(
                        pushed,
                        if fits {
                            Ok(())
                        } else {
                            Err(Refused::TooLarge(limit))
                        }
                    );
                }
                let expected = if limit == whole.len() {
                    &whole
                } else {
                    &without
                };
                assert_eq!(&String::from_utf8(writer.finish().bytes).unwrap(), expected);
            }
        }
    }
    assert_eq!(
        Refused::TooLarge(7).to_string(),
        "the index is larger than 7 bytes"
    );
}

#[test]
fn the_lengths_of_all_parts_are_at_least_that_of_the_index_and_little_more() {
    for format in [IndexFormat::Json, IndexFormat::Yaml] {
        for count in 1..=ROWS.len() {
            let rows = &ROWS[..count];
            let newest = rows.iter().filter_map(|row| row.3).max();
            let mut length = Length::of_frame(format, newest);
            let mut chart = None;
            for (name, version, metadata, created) in rows {
                let entry = Entry {
                    base: "",
                    name,
                    version,
                    file: &format!("{name}-{version}.tgz"),
                    metadata,
                    created: *created,
                    digest: A,
                    elsewhere: None,
                };
                let of_entry = Length::of(&entry, format).unwrap();
                length += of_entry.full;
                if chart.replace(name) != Some(name) {
                    length += of_entry.chart;
                }
            }
            let whole = document(format, rows).len();
            assert!(
                (whole..whole + 8).contains(&length),
                "{format:?}, {count}: {length} instead of {whole}"
            );
        }
    }
}

#[test]
fn never_allocates_past_the_limit() {
    const LIMIT: usize = 100_000;
    for format in [IndexFormat::Json, IndexFormat::Yaml] {
        let mut writer = Writer::new(format, LIMIT);
        let mut pushed = 0;
        while push(&mut writer, ROWS[pushed % 4], A).is_ok() {
            pushed += 1;
            assert!(writer.out.capacity() <= LIMIT.min(2 * writer.out.len()));
        }
        // The next one does not fit, smaller ones might: nothing of it may be left behind.
        let bytes = writer.finish().bytes;
        assert!(bytes.len() <= LIMIT && bytes.len() > LIMIT - 1000);
        assert!(bytes.capacity() <= LIMIT, "{}", bytes.capacity());
    }
}

#[test]
fn a_limit_below_everything_takes_nothing() {
    let mut writer = Writer::new(IndexFormat::Json, 0);
    assert_eq!(push(&mut writer, ROWS[3], A), Err(Refused::TooLarge(0)));
    assert_eq!(
        writer.finish().bytes,
        b"{\"apiVersion\":\"v1\",\"entries\":{}}\n"
    );
}

/// Text with what readers stumble over.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\"\\\\/\u{7f}-\u{a0}\u{2027}-\u{202a}\u{feff}\u{fffd}-\u{ffff}🚀 a:#-]{0,12}",
        Just("yes".to_owned()),
        Just("1:30".to_owned()),
        Just("2025-11-21".to_owned()),
        Just("~".to_owned()),
        Just("<<".to_owned()),
        Just("---".to_owned()),
    ]
}

/// Any JSON that metadata could be made of, and more: nested lists, empty ones, numbers.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => text().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A metadata object with some keys of an entry's.
fn metadata() -> impl Strategy<Value = Value> {
    let key = prop_oneof!["[a-z]{1,6}", text()];
    proptest::collection::btree_map(key, value(), 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>()))
}

/// What helm-client.md §6 allows, looked at byte by byte and not by the writer's own table.
#[track_caller]
fn assert_safe(text: &str) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\n' | ' '..='[' | ']'..='~' => {}
            '\\' => match chars.next() {
                Some('"' | '\\' | 'n' | 't') => {}
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&digits, 16).unwrap();
                    assert!(!(0xd800..0xe000).contains(&code), "a surrogate: {digits}");
                }
                other => panic!("an escape: {other:?}"),
            },
            '\u{a0}'.. => assert!(
                !matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ),
                "{c:?}"
            ),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn every_reader_reads_what_was_meant(
        charts in proptest::collection::btree_map(text(), proptest::collection::vec((text(), metadata()), 1..3), 0..4),
        created in proptest::option::of("20[0-9]{2}-01-01T00:00:00Z"),
    ) {
        let mut entries = Map::new();
        let [mut json, mut yaml] = [IndexFormat::Json, IndexFormat::Yaml].map(|format| Writer::new(format, DOCUMENT_LIMIT));
        for (name, versions) in &charts {
            let mut list = Vec::new();
            for (version, mut metadata) in versions.clone() {
                let version = &version;
                for (key, value) in [("name", name.as_str()), ("version", version), ("apiVersion", "v2")] {
                    metadata[key] = value.into();
                }
                let text = metadata.to_string();
                let entry = Entry {
                    base: "",
                    name, version, file: "file.tgz", metadata: &text, created: created.as_deref(), digest: A,
                    elsewhere: None,
                };
                json.push(&entry, Detail::Full).unwrap();
                yaml.push(&entry, Detail::Full).unwrap();
                list.push(entry.to_value(Detail::Full).unwrap());
            }
            entries.insert(name.clone(), list.into());
        }
        let mut expected = json!({"apiVersion": "v1", "entries": entries});
        if let Some(created) = created.filter(|_| !charts.is_empty()) {
            expected["generated"] = created.into();
        }
        let [json, yaml] = [json, yaml].map(|writer| String::from_utf8(writer.finish().bytes).unwrap());
        assert_safe(&json);
        assert_safe(&yaml);
        prop_assert_eq!(&serde_json::from_str::<Value>(&json).unwrap(), &expected);
        prop_assert_eq!(&serde_yaml::from_str::<Value>(&json).unwrap(), &expected);
        prop_assert_eq!(&serde_yaml::from_str::<Value>(&yaml).unwrap(), &expected);
        prop_assert!(yaml.lines().all(|line| !line.ends_with(' ')));
    }
}
