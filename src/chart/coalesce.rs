//! The values that a chart and the charts in it are rendered with, when nobody gives others: as Helm 2 coalesces them
//! (`pkg/chartutil/values.go`), which the clients of the space / chart / version API know. Helm 3 does the same, but for keys
//! that are null, which it leaves out.

use serde_json::{Map, Value};

use super::Unfit;
use super::loaded::LoadedChart;
use super::values::ValuesLeft;

type ValuesTable = Map<String, Value>;

const GLOBAL: &str = "global";

impl LoadedChart {
    /// The values of a chart, with those of each chart in it under its name. A chart's own win over those of the charts in it;
    /// what is `global` is handed down, and tables in it that both have are the same table.
    pub(crate) fn coalesced(&self) -> Result<ValuesTable, Unfit> {
        coalesce(self, ValuesTable::new(), &ValuesLeft::default())
    }
}

fn coalesce(
    chart: &LoadedChart,
    mut given: ValuesTable,
    left: &ValuesLeft,
) -> Result<ValuesTable, Unfit> {
    merge(&mut given, chart.values(left)?);
    for sub in &chart.charts {
        let name = sub.metadata.name.as_str();
        if name == GLOBAL {
            return Err(Unfit::Values("are those of a chart called global"));
        }
        let own = match given.remove(name) {
            None => ValuesTable::new(),
            Some(Value::Object(own)) => own,
            Some(_) => return Err(Unfit::Values("of a chart in it are no mapping")),
        };
        let own = with_globals(own, &given, left)?;
        let own = coalesce(sub, own, left)?;
        if let (Some(Value::Object(above)), Some(Value::Object(below))) =
            (given.get_mut(GLOBAL), own.get(GLOBAL))
        {
            for (key, table) in above.iter_mut() {
                if let (Value::Object(table), Some(more @ Value::Object(below))) =
                    (table, below.get(key))
                {
                    left.take_all(more)?;
                    merge(table, below.clone());
                }
            }
        }
        given.insert(name.to_owned(), own.into());
    }
    Ok(given)
}

/// The values of a chart in another one with the globals of that, which win.
fn with_globals(
    mut own: ValuesTable,
    above: &ValuesTable,
    left: &ValuesLeft,
) -> Result<ValuesTable, Unfit> {
    let mut globals = match own.remove(GLOBAL) {
        None => ValuesTable::new(),
        Some(Value::Object(globals)) => globals,
        Some(other) => {
            own.insert(GLOBAL.to_owned(), other);
            return Ok(own);
        }
    };
    if let Some(Value::Object(handed)) = above.get(GLOBAL) {
        for (key, value) in handed {
            left.take_all(value)?;
            match (value, globals.remove(key)) {
                (Value::Object(table), Some(Value::Object(there))) => {
                    let mut table = table.clone();
                    merge(&mut table, there);
                    globals.insert(key.clone(), table.into());
                }
                // A table is not replaced by what is none.
                (
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_),
                    Some(table @ Value::Object(_)),
                ) => {
                    globals.insert(key.clone(), table);
                }
                (value, _) => {
                    globals.insert(key.clone(), value.clone());
                }
            }
        }
    }
    own.insert(GLOBAL.to_owned(), globals.into());
    Ok(own)
}

/// Adds what is missing; tables that both have are merged.
fn merge(given: &mut ValuesTable, defaults: ValuesTable) {
    for (key, value) in defaults {
        match (given.get_mut(&key), value) {
            (None, value) => {
                given.insert(key, value);
            }
            (Some(Value::Object(table)), Value::Object(more)) => merge(table, more),
            (Some(_), _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::package;

    fn coalesced(root: &str, subs: &[(&str, &str)]) -> Result<Value, Unfit> {
        let chart = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        let mut files = vec![
            ("r/Chart.yaml".to_owned(), chart("r")),
            ("r/values.yaml".to_owned(), root.to_owned()),
        ];
        for (path, values) in subs {
            let name = path.rsplit('/').next().unwrap();
            let folder = format!("r/charts/{}", path.replace('/', "/charts/"));
            files.push((format!("{folder}/Chart.yaml"), chart(name)));
            files.push((format!("{folder}/values.yaml"), (*values).to_owned()));
        }
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_bytes()))
            .collect();
        let loaded = LoadedChart::load(&package(&files)).unwrap();
        loaded.coalesced().map(Value::Object)
    }

    #[test]
    fn values_of_charts_in_charts_and_globals() {
        for (root, subs, expected) in [
            ("", &[][..], json!({})),
            (
                "a: 1",
                &[("s", "b: 2")][..],
                json!({"a": 1, "s": {"b": 2, "global": {}}}),
            ),
            (
                "s: {b: 3, t: {x: 1}}",
                &[("s", "b: 2\nc: 4\nt: {x: 2, y: 3}")],
                json!({"s": {"b": 3, "c": 4, "t": {"x": 1, "y": 3}, "global": {}}}),
            ),
            // A scalar of the parent stays where the chart has a table, and the other way round.
            (
                "s: {t: 1, u: {a: 1}}",
                &[("s", "t: {x: 2}\nu: 5")],
                json!({"s": {"t": 1, "u": {"a": 1}, "global": {}}}),
            ),
            (
                "global: {a: 1}",
                &[("s", "global: {a: 2, b: 3}"), ("s/d", "e: null")],
                json!({"global": {"a": 1}, "s": {
                    "global": {"a": 1, "b": 3}, "d": {"e": null, "global": {"a": 1, "b": 3}}}}),
            ),
            // Tables of globals reach up.
            (
                "global: {t: {a: 1}}",
                &[("s", "global: {t: {a: 2, b: 3}, own: {c: 4}}")],
                json!({"global": {"t": {"a": 1, "b": 3}}, "s": {"global": {"t": {"a": 1, "b": 3}, "own": {"c": 4}}}}),
            ),
            // A table in a chart's globals is not replaced by a scalar from above.
            (
                "global: {t: 1}",
                &[("s", "global: {t: {a: 1}}")],
                json!({"global": {"t": 1}, "s": {"global": {"t": 1}}}),
            ),
            ("a: null", &[], json!({"a": null})),
        ] {
            assert_eq!(coalesced(root, subs), Ok(expected), "{root} {subs:?}");
        }
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (root, subs) in [
            ("[]", &[][..]),
            ("text", &[]),
            ("s: 1", &[("s", "")]),
            ("s: null", &[("s", "")]),
            ("", &[("s", "[1]")]),
            ("", &[("global", "a: 1")]),
        ] {
            let refused = coalesced(root, subs);
            assert!(matches!(refused, Err(Unfit::Values(_))), "{root} {subs:?}");
        }
    }
}
