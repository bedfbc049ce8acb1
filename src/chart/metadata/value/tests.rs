use super::cost::MAX_BRACKETS;
use super::tree::{MAX_DEPTH, MAX_VALUES};
use super::*;

#[track_caller]
fn both(text: &str, expected: &[(&str, Node)]) {
    let expected: Fields = expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    assert_eq!(
        from_json(text.as_bytes(), &["a", "b"]),
        Ok(expected.clone()),
        "JSON"
    );
    assert_eq!(
        from_yaml(text.as_bytes(), &["a", "b"]),
        Ok(expected),
        "YAML"
    );
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn number(text: &str) -> Node {
    Node::Number(text.to_owned())
}

#[test]
fn json_is_yaml() {
    both("{}", &[]);
    both(r#"{"c": [[[[[[[[1]]]]]]]]}"#, &[]);
    both(
        r#"{"a": null, "b": [true, 1, -2, 0.5, "x\u00e9\n"]}"#,
        &[
            ("a", Node::Null),
            (
                "b",
                Node::List(vec![
                    Node::Bool(true),
                    number("1"),
                    number("-2"),
                    number("0.5"),
                    text("xé\n"),
                ]),
            ),
        ],
    );
    both("\u{feff}{\"a\": \"1\", \"a\": \"2\"}", &[("a", text("2"))]);
}

#[test]
fn numbers_of_json_keep_their_text() {
    for written in ["1.10", "72551e2", "1E+400", "18446744073709551616", "-0"] {
        let json = format!(r#"{{"a": {written}}}"#);
        assert_eq!(
            from_json(json.as_bytes(), &["a"]).unwrap()["a"],
            number(written)
        );
    }
}

#[test]
fn numbers_of_yaml_are_written_as_helm_does() {
    for (written, expected) in [
        ("1.10", "1.1"),
        ("72551e2", "7.2551e+06"),
        ("123456.0", "123456"),
        ("1234567.0", "1.234567e+06"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("20240101.5", "2.0240102e+07"),
        ("20240101", "20240101"),
        ("18446744073709551616", "18446744073709551616"),
    ] {
        let yaml = format!("a: {written}");
        assert_eq!(
            from_yaml(yaml.as_bytes(), &["a"]).unwrap()["a"],
            number(expected),
            "{written}"
        );
    }
}

#[test]
fn broken_text_is_mended() {
    for json in [
        b"{\"a\": \"x\xff\"}".as_slice(),
        br#"{"\ud800": 1, "a": "x\ud800"}"#,
    ] {
        let Node::Text(text) = from_json(json, &["a"]).unwrap().remove("a").unwrap() else {
            panic!("no text");
        };
        assert!(text.starts_with("x\u{fffd}"), "{text}");
    }
}

#[test]
fn oddities_of_yaml() {
    let yaml = "---\n# first\na: &x !tag\n  1: yes\n  true: *x2\n---\nb: 2\n";
    assert_eq!(
        from_yaml(yaml.as_bytes(), &["a"]),
        Err(Unfit::Malformed("YAML"))
    );
    let yaml = "---\na: !tag\n  1: &x [v]\n  true: *x\n  ? [k]\n  : v\n...\n---\nb: 2\n";
    let list = Node::List(vec![text("v")]);
    let map = Node::Map([("1".to_owned(), list.clone()), ("true".to_owned(), list)].into());
    assert_eq!(
        from_yaml(yaml.as_bytes(), &["a"]),
        Ok([("a".to_owned(), map)].into())
    );
}

#[test]
fn no_mapping() {
    for bad in ["", "null", "[]", "[1", "\"x\"", "{", "{]", "\0"] {
        assert_eq!(
            from_json(bad.as_bytes(), &["a"]),
            Err(Unfit::Malformed("JSON")),
            "{bad}"
        );
    }
    for bad in [
        "",
        "null",
        "[]",
        "[1",
        "x",
        "a: b: c",
        "\0",
        "a: *a",
        "--- !t {}\n",
    ] {
        let read = from_yaml(bad.as_bytes(), &["a"]);
        if bad == "--- !t {}\n" {
            assert_eq!(read, Ok(Fields::new()));
        } else {
            assert_eq!(read, Err(Unfit::Malformed("YAML")), "{bad}");
        }
    }
}

#[test]
fn deep_is_null_and_many_is_refused() {
    let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100), "]".repeat(100));
    let mut value = Node::Null;
    for _ in 1..MAX_DEPTH {
        value = Node::List(vec![value]);
    }
    both(&deep, &[("a", value)]);
    let many = format!("{{\"a\": [{}1]}}", "1,".repeat(MAX_VALUES));
    let refused = Err(Unfit::TooManyValues(MAX_VALUES));
    assert_eq!(from_json(many.as_bytes(), &["a"]), refused);
    assert_eq!(from_yaml(many.as_bytes(), &["a"]), refused);
    assert_eq!(from_json(many.as_bytes(), &["b"]), Ok(Fields::new()));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for nth in 1..9 {
        let list = vec![format!("*a{}", nth - 1); 9].join(",");
        yaml = format!("{yaml}a{nth}: &a{nth} [{list}]\n");
    }
    yaml.push_str("a: [*a8, *a8]\n");
    assert!(from_yaml(yaml.as_bytes(), &["a"]).is_ok());
    let wide = format!(
        "w: &w [{}x]\na: [{}*w]\n",
        "x,".repeat(500),
        "*w,".repeat(500)
    );
    assert_eq!(
        from_yaml(wide.as_bytes(), &["a"]),
        Err(Unfit::TooManyValues(MAX_VALUES))
    );
    // One text, thousands of times, is no less.
    let text = "x".repeat(100 << 10);
    let long = format!("w: &w {text}\na: [{}*w]\n", "*w,".repeat(15_000));
    assert_eq!(
        from_yaml(long.as_bytes(), &["a"]),
        Err(Unfit::TooManyValues(MAX_VALUES))
    );
}

/// The parser looks through all open brackets at each token: 251 KiB with 1,990 of them open took it 1.2 s.
#[test]
fn brackets_are_counted_before_they_are_parsed() {
    let yaml = |open: usize, length: usize| {
        let text = "x,".repeat((length - open) / 2);
        format!("a: {}{text}", "[".repeat(open))
    };
    let refused = |yaml: &str| match cost::judge(yaml) {
        Err(Unfit::TooManyBrackets(limit)) => Some(limit),
        _ => None,
    };
    assert_eq!(
        from_yaml(yaml(1_990, 251 << 10).as_bytes(), &["a"]),
        Err(Unfit::TooManyBrackets(163))
    );
    assert_eq!(refused(&yaml(150, 251 << 10)), None);
    assert_eq!(refused(&yaml(1_990, 16 << 10)), None);
    assert_eq!(refused(&yaml(2_100, 16 << 10)), Some(MAX_BRACKETS));
    // What is closed in its line is not open: changelogs are full of links.
    let links = format!(
        "b: |\n{}a: 1\n",
        "  - [text](https://a.example)\n".repeat(8_000)
    );
    assert_eq!(
        from_yaml(links.as_bytes(), &["a"]),
        Ok([("a".to_owned(), number("1"))].into())
    );
    assert_eq!(
        refused(&format!("a: {}\n", "[{b: [c]}],".repeat(20_000))),
        None
    );
    // A bracket that closes nothing hides none that is open: in quotes, in comments, in tags.
    for line in [
        "[\"]\",\n",
        "[']',\n",
        "[x, #]\n",
        "[!<]> x,\n",
        "[ # [ ] ]\n",
        "]][\n",
        "[\n]\n[[\n",
    ] {
        let hidden = format!("a: {}", line.repeat((251 << 10) / line.len()));
        assert_eq!(refused(&hidden), Some(163), "{line}");
    }
}

/// The parser compares each `%TAG` with all before it: 256 KiB of them took it 0.8 s.
#[test]
fn directives_are_counted_before_they_are_parsed() {
    for end in ["\n", "\r", "\u{85}", "\u{2028}"] {
        let tags = |count: usize| {
            let lines: Vec<String> = (0..count)
                .map(|nth| format!("%TAG !{nth}! x{end}"))
                .collect();
            format!("%YAML 1.1{end}{}---\na: 1\n", lines.concat())
        };
        assert!(from_yaml(tags(7).as_bytes(), &["a"]).is_ok(), "{end:?}");
        assert_eq!(
            from_yaml(tags(8).as_bytes(), &["a"]),
            Err(Unfit::TooManyDirectives(8)),
            "{end:?}"
        );
    }
    let text = format!("a: |\n{}", "  %TAG\n".repeat(100));
    assert!(from_yaml(text.as_bytes(), &["a"]).is_ok());
}

/// JSON is looked through level by level, and no deeper than it is kept: a million levels are one look.
#[test]
fn deep_json_costs_no_more_than_flat() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = (1 << 20) / (open.len() + close.len());
        let json = format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth));
        assert!(from_json(json.as_bytes(), &["a"]).is_ok());
    }
}
