use super::*;

#[track_caller]
fn both(text: &str, expected: &[(&str, Value)]) {
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

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn number(text: &str) -> Value {
    Value::Number(text.to_owned())
}

#[test]
fn json_is_yaml() {
    both("{}", &[]);
    both(r#"{"c": [[[[[[[[1]]]]]]]]}"#, &[]);
    both(
        r#"{"a": null, "b": [true, 1, -2, 0.5, "x\u00e9\n"]}"#,
        &[
            ("a", Value::Null),
            (
                "b",
                Value::List(vec![
                    Value::Bool(true),
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
        let Value::Text(text) = from_json(json, &["a"]).unwrap().remove("a").unwrap() else {
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
    let list = Value::List(vec![text("v")]);
    let map = Value::Map([("1".to_owned(), list.clone()), ("true".to_owned(), list)].into());
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
    let mut value = Value::Null;
    for _ in 1..MAX_DEPTH {
        value = Value::List(vec![value]);
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
}

#[test]
fn brackets_are_counted_before_they_are_parsed() {
    let brackets = |count| format!("a: \"{}\"", "[{".repeat(count / 2));
    assert!(from_yaml(brackets(MAX_BRACKETS).as_bytes(), &["a"]).is_ok());
    assert_eq!(
        from_yaml(brackets(MAX_BRACKETS + 2).as_bytes(), &["a"]),
        Err(Unfit::TooManyBrackets(MAX_BRACKETS))
    );
    let deep = "{a: ".repeat(MAX_BRACKETS);
    assert_eq!(
        from_yaml(deep.as_bytes(), &["a"]),
        Err(Unfit::Malformed("YAML"))
    );
}
