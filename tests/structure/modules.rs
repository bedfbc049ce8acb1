//! The modules of the crate, and which uses which.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{below, read};
use crate::source::Source;

/// A module's path below the crate: `["catalog", "rows", "tag"]`; the crate itself is empty.
pub(crate) type Path = Vec<String>;

/// Every module that is no test, with its file's source.
pub(crate) struct Modules(pub(crate) BTreeMap<Path, Module>);

/// One file.
pub(crate) struct Module {
    /// Where it is: `src/catalog/rows/tag.rs`.
    pub(crate) file: String,
    /// What is in it.
    pub(crate) source: Source,
}

/// One module uses another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    /// Who.
    pub(crate) from: Path,
    /// Whom.
    pub(crate) to: Path,
    /// How it is written there.
    pub(crate) written: String,
}

/// Whether a file is one of tests, or of what only tests have.
fn is_test(file: &str) -> bool {
    file.starts_with("src/testing/") || has_tests(file)
}

/// Whether a file is one of tests.
pub(crate) fn has_tests(file: &str) -> bool {
    file.ends_with("/tests.rs") || file.contains("/tests/")
}

/// The module that a file below `src/` holds.
fn module_of(file: &str) -> Path {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut path: Path = path.split('/').map(str::to_owned).collect();
    if path
        .last()
        .is_some_and(|name| name == "mod" || name == "lib")
    {
        path.pop();
    }
    path
}

impl Modules {
    /// Reads all of `src/`.
    pub(crate) fn read() -> Self {
        let files = below("src", ".rs").into_iter();
        let files = files.map(|file| file.to_string_lossy().into_owned());
        let modules = files.filter(|file| !is_test(file)).map(|file| {
            let source = Source::parse(&read(&file)).unwrap_or_default();
            (module_of(&file), Module { file, source })
        });
        Self(modules.collect())
    }

    /// The file of a module.
    pub(crate) fn file(&self, module: &[String]) -> &str {
        self.0.get(module).map_or("?", |module| &module.file)
    }

    /// Who uses whom, by imports and by paths in the code. A module that hands on what its own submodules have is only the
    /// door to them: that is no use, and who goes through the door uses what is behind it.
    pub(crate) fn uses(&self) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for (from, module) in &self.0 {
            let imports = module.source.imports.iter();
            let imported = imports
                .filter(|import| !import.public)
                .map(|import| &import.path);
            for written in imported.chain(&module.source.paths) {
                let Some(to) = self.target(from, written) else {
                    continue;
                };
                if to != *from {
                    uses.insert(Use {
                        from: from.clone(),
                        to,
                        written: written.join("::"),
                    });
                }
            }
        }
        uses
    }

    /// The module in which a path, written in the module `from`, ends; `None` if it leads out of the crate.
    fn target(&self, from: &[String], written: &[String]) -> Option<Path> {
        let (first, rest) = written.split_first()?;
        match first.as_str() {
            "crate" => Some(self.follow(Vec::new(), rest, 0)),
            "self" => Some(self.follow(from.to_vec(), rest, 0)),
            "super" => {
                let parent = from.split_last()?.1;
                match rest {
                    [next, ..] if next == "super" => self.target(parent, rest),
                    _ => Some(self.follow(parent.to_vec(), rest, 0)),
                }
            }
            name => {
                let child: Path = from.iter().cloned().chain([name.to_owned()]).collect();
                let known = self.0.contains_key(&child);
                known.then(|| self.follow(child, rest, 0))
            }
        }
    }

    /// Goes on from a module by these names, through doors where they are handed on.
    fn follow(&self, mut at: Path, names: &[String], depth: u8) -> Path {
        for (place, name) in names.iter().enumerate() {
            let child: Path = at.iter().cloned().chain([name.clone()]).collect();
            if self.0.contains_key(&child) {
                at = child;
                continue;
            }
            let imports = self
                .0
                .get(&at)
                .map(|module| module.source.imports.as_slice());
            let door = imports
                .unwrap_or_default()
                .iter()
                .find(|import| import.name == *name);
            // Ten doors, one behind the other, would be a maze.
            if let Some(door) = door.filter(|_| depth < 10) {
                let rest = names.get(place + 1..).unwrap_or_default();
                if let Some(to) = self.target(&at, &door.path) {
                    return self.follow(to, rest, depth + 1);
                }
            }
            break;
        }
        at
    }
}
