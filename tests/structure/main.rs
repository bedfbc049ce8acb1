//! The structure of the code, held by reading it: layers, rooms, circles, SQL, the platform, sizes, maps.
//!
//! `docs/architecture.md` says why each rule is there. A message of these tests says what to do.

#[path = "../files/mod.rs"]
mod files;
mod modules;
mod secrets;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use files::{below, read};
use modules::{Modules, Path, Use, has_tests};

/// The layers from the top to the bottom. Each may use those on the lines below its own, and those on its own line as long as
/// no circle comes of it.
const LAYERS: [&[&str]; 7] = [
    &["edge", "fuzzing"],
    &["serve"],
    &["catalog", "push"],
    &["config"],
    &["source", "access"],
    &["oci::client", "index", "chart"],
    &["oci", "platform", "error", "secret", "shown", "glob"],
];

/// The rooms of the catalog from the top to the bottom. Each may use those below.
const ROOMS: [&str; 4] = ["ask", "sync", "publish", "rows"];

/// Most lines of a file: what is longer holds two things.
const LONGEST: usize = 400;

/// Names that two types may have, and why.
const SHARED_NAMES: [(&str, &str); 1] = [(
    "Error",
    "`error::Error` ends a request, `oci::Error` a call: the module is the prefix",
)];

/// Where a layer stands, 0 at the top.
fn layer(module: &[String]) -> Option<(usize, &'static str)> {
    let name = module.join("::");
    let of = |layer: &str| name == layer || name.starts_with(&format!("{layer}::"));
    // `oci::client` stands above `oci`, of whose names it is one.
    let named = |layer: &&&'static str| of(layer) && !(**layer == "oci" && of("oci::client"));
    let mut lines = LAYERS.iter().enumerate();
    lines.find_map(|(line, layers)| Some((line, *layers.iter().find(named)?)))
}

/// Where a room of the catalog stands, 0 for what is in none: it is the door to all of them.
fn room(module: &[String]) -> usize {
    let name = module.get(1).map(String::as_str);
    ROOMS
        .iter()
        .position(|room| Some(*room) == name)
        .map_or(0, |place| place + 1)
}

fn shown(modules: &Modules, wrong: &Use) -> String {
    format!("{} uses {}", modules.file(&wrong.from), wrong.written)
}

#[test]
fn every_module_has_its_layer() {
    let modules = Modules::read();
    assert!(modules.0.len() > 100, "src/ was not read");
    for (path, module) in &modules.0 {
        assert!(
            path.is_empty() || layer(path).is_some(),
            "{} belongs to no layer: put it into one, or add one to LAYERS and docs/architecture.md",
            module.file
        );
    }
}

#[test]
fn no_layer_looks_upward() {
    let modules = Modules::read();
    let wrong: Vec<String> = modules
        .uses()
        .iter()
        .filter(|uses| match (layer(&uses.from), layer(&uses.to)) {
            (Some((from, _)), Some((to, _))) => to < from,
            // Nobody uses the crate's root; it declares the layers and has nothing of its own.
            (Some(_), None) => true,
            (None, _) => false,
        })
        .map(|uses| shown(&modules, uses))
        .collect();
    assert!(
        wrong.is_empty(),
        "a layer looks upward. Hand what is needed down as an argument, or move it to the layer that both may use:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_room_of_the_catalog_looks_upward() {
    let modules = Modules::read();
    let in_catalog = |path: &Path| path.first().is_some_and(|first| first == "catalog");
    let wrong: Vec<String> = modules
        .uses()
        .iter()
        .filter(|uses| in_catalog(&uses.from) && in_catalog(&uses.to))
        .filter(|uses| room(&uses.to) < room(&uses.from))
        .map(|uses| shown(&modules, uses))
        .collect();
    assert!(
        wrong.is_empty(),
        "a room of the catalog looks upward (ask > sync > publish > rows). Move what is needed into the lower room:\n{}",
        wrong.join("\n")
    );
}

/// What can be reached from a module, itself only by a circle.
fn reached<'m>(
    from: &'m Path,
    uses: &BTreeMap<&'m Path, BTreeSet<&'m Path>>,
) -> BTreeSet<&'m Path> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for to in uses.get(at).into_iter().flatten() {
            if reached.insert(*to) {
                open.push(to);
            }
        }
    }
    reached
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let modules = Modules::read();
    let all = modules.uses();
    let mut uses: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for one in &all {
        uses.entry(&one.from).or_default().insert(&one.to);
    }
    let wrong: Vec<String> = all
        .iter()
        .filter(|one| reached(&one.to, &uses).contains(&one.from))
        .map(|one| shown(&modules, one))
        .collect();
    assert!(
        wrong.is_empty(),
        "modules use each other in a circle. Move what both need into a module of its own, below both:\n{}",
        wrong.join("\n")
    );
}

/// Whether a string is a statement: SQL's words stand in capitals here.
fn is_sql(text: &str) -> bool {
    const BEGINNINGS: [&str; 11] = [
        "FROM ",
        "WHERE ",
        "SELECT ",
        "INSERT ",
        "UPDATE ",
        "DELETE FROM ",
        "CREATE ",
        "ALTER ",
        "DROP ",
        "PRAGMA ",
        "WITH ",
    ];
    let text = text.trim_start();
    BEGINNINGS
        .iter()
        .any(|beginning| text.starts_with(beginning))
}

#[test]
fn sql_stands_in_the_rows_only() {
    let modules = Modules::read();
    let mut statements = 0;
    for (path, module) in &modules.0 {
        let here = module.source.strings.iter().filter(|text| is_sql(text));
        if path.starts_with(&["catalog".to_owned(), "rows".to_owned()]) {
            statements += here.count();
            continue;
        }
        let here: Vec<&String> = here.collect();
        assert!(
            here.is_empty(),
            "{} has SQL: move it into the file of src/catalog/rows/ whose noun it is about:\n{here:#?}",
            module.file
        );
    }
    assert!(statements > 50, "the statements of the rows were not found");
}

/// A row of the database gives its cells by their place, and is opened where each goes through the type that was asked for.
#[test]
fn no_row_is_read_by_position() {
    let opened = |file: &str| read(file).contains("into_cells");
    let modules = Modules::read();
    let files = modules.0.values().map(|module| module.file.as_str());
    let opening: Vec<&str> = files.filter(|file| opened(file)).collect();
    assert_eq!(
        opening,
        ["src/catalog/rows/selecting.rs", "src/platform/database.rs"],
        "declare what a query gives by `typed_row!` or `query_row!`, and read it by `select`"
    );
    let cells = read("src/platform/database.rs");
    assert!(
        cells.contains("pub struct Row(Vec<Value>);"),
        "the cells of a row are private: nobody takes one by its place"
    );
}

#[test]
fn only_the_edge_names_the_platform() {
    const PLATFORM: [&str; 5] = [
        "worker",
        "web_sys",
        "js_sys",
        "wasm_bindgen",
        "wasm_bindgen_futures",
    ];
    let of_platform = |path: &Path| {
        path.first()
            .is_some_and(|name| PLATFORM.contains(&name.as_str()))
    };
    let modules = Modules::read();
    let mut at_the_edge = 0;
    for (path, module) in &modules.0 {
        let imports = module.source.imports.iter().map(|import| &import.path);
        let here = imports
            .chain(&module.source.paths)
            .filter(|path| of_platform(path));
        if path.first().is_some_and(|first| first == "edge") {
            at_the_edge += here.count();
            continue;
        }
        let here: Vec<String> = here.map(|path| path.join("::")).collect();
        assert!(
            here.is_empty(),
            "{} names the platform: ask for what is needed by a trait of src/platform/, and keep it at the edge: {here:?}",
            module.file
        );
    }
    assert!(at_the_edge > 20, "the edge was not read");
}

#[test]
fn no_two_types_share_a_name() {
    let modules = Modules::read();
    let mut declared: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for module in modules.0.values() {
        for name in &module.source.types {
            declared.entry(name).or_default().push(&module.file);
        }
    }
    assert!(declared.len() > 200, "src/ was not read");
    assert!(declared.contains_key("TagRow"), "the rows were not read");
    declared.retain(|_, files| files.len() > 1);
    for (name, _) in SHARED_NAMES {
        assert!(
            declared.remove(name).is_some(),
            "{name} is declared once: take it out of SHARED_NAMES"
        );
    }
    assert!(
        declared.is_empty(),
        "types share a name. Call each by what it alone is, in the field's words: {declared:#?}"
    );
}

#[test]
fn no_file_is_long() {
    let folders = [
        ("src", ".rs"),
        ("tests", ".rs"),
        ("wasm-tests", ".mjs"),
        ("helm-tests", ".mjs"),
        ("examples", ".mjs"),
        ("scripts", ""),
    ];
    for file in folders
        .iter()
        .flat_map(|(folder, ending)| below(folder, ending))
    {
        let lines = read(&file).lines().count();
        assert!(
            lines <= LONGEST,
            "{} has {lines} lines, {LONGEST} at most: find the two nouns in it, and give each a file",
            file.display()
        );
    }
}

#[test]
fn whatever_has_files_below_it_has_a_map_of_them() {
    let files: Vec<String> = below("src", ".rs")
        .iter()
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    let mut maps = 0;
    let mut missing = Vec::new();
    for map in files.iter().filter(|map| !has_tests(map)) {
        // A room's map is its mod.rs; what a single file is split into lies in a folder of its name.
        let room = map.strip_suffix("mod.rs").or(map.strip_suffix("lib.rs"));
        let folder = match (room, map.strip_suffix(".rs")) {
            (Some(room), _) => room.to_owned(),
            (None, Some(name)) => format!("{name}/"),
            (None, None) => continue,
        };
        let docs = source::Source::parse(&read(map)).unwrap().docs;
        let mut below = 0;
        for file in &files {
            let Some(rest) = file.strip_prefix(&folder).filter(|_| file != map) else {
                continue;
            };
            // A file, or a room in the room.
            let name = match rest.split_once('/') {
                Some((room, "mod.rs")) => room,
                Some(_) => continue,
                None => rest.trim_end_matches(".rs"),
            };
            if name == "tests" {
                continue;
            }
            below += 1;
            if !names(&docs, name) {
                missing.push(format!("{map} does not name `{name}`"));
            }
        }
        maps += usize::from(below > 0);
    }
    assert!(maps > 20, "src/ was not read");
    assert!(
        missing.is_empty(),
        "a map, the doc comment of the file that declares others, lacks one. Say in a few words what is in it:\n{}",
        missing.join("\n")
    );
}

/// Whether a doc comment names a module: in code, alone or as the beginning of a path, or as a link.
fn names(docs: &str, module: &str) -> bool {
    docs.split('`').skip(1).step_by(2).any(|code| {
        code.rsplit("::").next() == Some(module) || code.rsplit('@').next() == Some(module)
    })
}

/// `scripts/test fuzz` builds with `--locked`, and should meet the libraries that the Worker has: `cargo update --manifest-path
/// fuzz/Cargo.toml` with `--precise` brings them together.
#[test]
fn what_is_fuzzed_is_built_of_what_the_worker_is_built_of() {
    let [ours, fuzzed] = ["Cargo.lock", "fuzz/Cargo.lock"].map(|file| {
        let text = read(file);
        let packages = text.split("[[package]]").skip(1).map(|package| {
            let field = |name: &str| {
                let mut lines = package.lines();
                lines.find_map(|line| {
                    line.strip_prefix(name)
                        .map(|value| value.trim_matches('"').to_owned())
                })
            };
            let name = field("name = ").unwrap_or_default();
            (
                name,
                (field("version = ").unwrap_or_default(), package.to_owned()),
            )
        });
        packages.collect::<Vec<_>>()
    });
    let manifest = read("Cargo.toml");
    let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (dependencies, _) = dependencies.split_once("\n[").unwrap();
    let (_, (_, portolan)) = fuzzed.iter().find(|(name, _)| name == "portolan").unwrap();
    for line in dependencies
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
    {
        let (name, value) = line.split_once(" = ").unwrap();
        let package = value
            .split_once("package = \"")
            .map_or(name, |(_, rest)| rest.split('"').next().unwrap());
        assert!(
            portolan.contains(&format!("\"{package}\"")),
            "fuzz/Cargo.lock lacks {package}"
        );
    }
    for (name, (version, _)) in &fuzzed {
        let mut known = ours
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, (version, _))| version)
            .peekable();
        assert!(
            known.peek().is_none() || known.any(|known| known == version),
            "fuzz/Cargo.lock has {name} {version}"
        );
    }
}
