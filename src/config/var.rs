//! Settings that come as JSON values instead of text.

use serde_json::Value;

/// The text of a setting that came as a JSON value: `wrangler.toml` can have arrays, numbers and booleans. A list keeps its
/// brackets, so that an empty list is not taken for an unset setting, which would mean everything; with tables in it, it is JSON.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if !items.iter().any(Value::is_object) => {
            let items: Vec<String> = items.iter().filter_map(text).collect();
            Some(format!("[{}]", items.join(",")))
        }
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Config;
    use crate::source::Repositories;

    #[test]
    fn every_kind_has_a_text() {
        let shown = [
            json!(null),
            json!("a b"),
            json!(true),
            json!(45),
            json!(["a", "b/*"]),
            json!([]),
            json!({"auths": {}}),
            json!([{"registry": "a"}, {"registry": "b", "tags": ["c"]}]),
        ]
        .map(|value| text(&value).unwrap_or_else(|| "unset".to_owned()));
        let expected = [
            "unset",
            "a b",
            "true",
            "45",
            "[a,b/*]",
            "[]",
            r#"{"auths":{}}"#,
            r#"[{"registry":"a"},{"registry":"b","tags":["c"]}]"#,
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn an_empty_list_of_repositories_is_not_all_of_them() {
        let read = |list: &Value| {
            Config::from_lookup(|name| match name {
                "REGISTRY" => Some("registry.example/charts".to_owned()),
                "REPOSITORIES" => text(list),
                _ => None,
            })
        };
        for empty in [json!([]), json!([""]), json!([null])] {
            let problems = read(&empty).unwrap_err();
            assert_eq!(problems.to_string(), "REPOSITORIES: the list is empty");
        }
        let config = read(&json!(["nginx", "team-a/*"])).unwrap();
        let listed = Repositories::Listed(vec!["nginx".to_owned(), "team-a/*".to_owned()]);
        assert_eq!(config.sources[0].repositories, listed);
    }
}
