//! The modules of a crate: which file each stands in, and which files a path in it leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::paths::{self, Source, Used};
use crate::workspace::{Result, read};

/// The path of a module below the crate root, which is empty for the root itself.
pub(super) type Name = Vec<String>;

/// How many re-exports are followed; more can only be a circle of them.
const MAX_HOPS: usize = 16;

/// Every module that can be reached from a crate's root.
#[derive(Debug, Default)]
pub(super) struct Tree {
    modules: BTreeMap<Name, Module>,
}

#[derive(Debug, Default)]
struct Module {
    /// The module whose file this one stands in.
    file: Name,
    place: PathBuf,
    children: BTreeSet<String>,
    /// What `use` declarations call which path.
    names: BTreeMap<String, Vec<String>>,
    used: Vec<Used>,
}

/// An import: the file `from` needs the file `to`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Import {
    pub(super) from: Name,
    pub(super) to: Name,
    pub(super) place: PathBuf,
    pub(super) line: usize,
    pub(super) path: String,
}

impl Tree {
    /// Reads the crate whose root is the file `root`.
    pub(super) fn load(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.add(&Name::new(), root, root.parent().unwrap_or(root))?;
        Ok(tree)
    }

    fn add(&mut self, name: &[String], place: &Path, folder: &Path) -> Result {
        let source = paths::read(&read(place)?);
        let modules = source.modules.clone();
        self.insert(name, place, source);
        for module in modules {
            let child = [name, &module].concat();
            let stem: PathBuf = child.iter().collect();
            let file = folder.join(&stem).with_extension("rs");
            let place = if file.exists() { file } else { folder.join(stem).join("mod.rs") };
            self.add(&child, &place, folder)?;
        }
        Ok(())
    }

    fn insert(&mut self, name: &[String], place: &Path, source: Source) {
        let new = || Module { file: name.to_vec(), place: place.to_owned(), ..Module::default() };
        self.modules.insert(name.to_vec(), new());
        for inline in &source.inline {
            self.modules.insert([name, inline].concat(), new());
        }
        for child in source.inline.iter().chain(&source.modules) {
            let child = [name, child].concat();
            if let Some((last, parent)) = child.split_last() {
                let parent = self.modules.entry(parent.to_vec()).or_insert_with(new);
                parent.children.insert(last.clone());
            }
        }
        for used in source.paths {
            let module = self.modules.entry([name, &used.inside].concat());
            let module = module.or_insert_with(new);
            if let Some(name) = used.name.clone() {
                module.names.insert(name, used.path.clone());
            }
            module.used.push(used);
        }
    }

    /// Returns the names of all modules that have a file of their own.
    pub(super) fn files(&self) -> impl Iterator<Item = &Name> {
        let own = |(name, module): &(&Name, &Module)| **name == module.file;
        self.modules.iter().filter(own).map(|(name, _)| name)
    }

    /// Returns what every file imports from every other one.
    pub(super) fn imports(&self) -> Vec<Import> {
        let mut imports = Vec::new();
        for (name, module) in &self.modules {
            for used in &module.used {
                for to in self.files_of(name, &used.path) {
                    imports.push(Import {
                        from: module.file.clone(),
                        to,
                        place: module.place.clone(),
                        line: used.line,
                        path: used.path.join("::"),
                    });
                }
            }
        }
        imports.sort();
        imports.dedup_by(|one, other| (&one.from, &one.to) == (&other.from, &other.to));
        imports
    }

    /// Returns the files that `path`, which stands in `module`, needs.
    ///
    /// Passing through a module around the file needs nothing of it; what is defined there does.
    fn files_of(&self, module: &Name, path: &[String]) -> BTreeSet<Name> {
        let from = self.file(module);
        let mut files = BTreeSet::new();
        for (passed, is_definition) in self.resolve(module, path, 0) {
            let file = self.file(&passed);
            if file != from && (is_definition || !from.starts_with(&file)) {
                files.insert(file);
            }
        }
        files
    }

    fn file(&self, module: &Name) -> Name {
        self.modules.get(module).map(|module| module.file.clone()).unwrap_or_default()
    }

    /// Returns the modules that a path passes, and whether what it names is defined there.
    fn resolve(&self, from: &Name, path: &[String], hops: usize) -> Vec<(Name, bool)> {
        let Some((mut at, rest)) = self.start(from, path) else { return Vec::new() };
        let mut passed = Vec::new();
        for segment in rest {
            let Some(module) = self.modules.get(&at) else { break };
            if module.children.contains(segment) {
                at.push(segment.clone());
                passed.push((at.clone(), false));
                continue;
            }
            match module.names.get(segment) {
                Some(path) if hops < MAX_HOPS && path.as_slice() != [segment.clone()] => {
                    passed.extend(self.resolve(&at, path, hops.saturating_add(1)));
                }
                _ => passed.push((at.clone(), true)),
            }
            break;
        }
        passed
    }

    /// Returns the module that a path starts at, and what follows; `None` in another crate.
    fn start<'a>(&self, from: &Name, path: &'a [String]) -> Option<(Name, &'a [String])> {
        let (first, mut rest) = path.split_first()?;
        let mut at = from.clone();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop();
                while let Some((_, behind)) =
                    rest.split_first().filter(|(next, _)| *next == "super")
                {
                    at.pop();
                    rest = behind;
                }
            }
            child if self.modules.get(from)?.children.contains(child) => rest = path,
            _ => return None,
        }
        Some((at, rest))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A crate of files that are given as module and text; the root's name is empty.
    pub(in crate::layers) fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (name, text) in files {
            let module: Name =
                name.split("::").filter(|s| !s.is_empty()).map(str::to_owned).collect();
            let place = if name.is_empty() { "lib" } else { name };
            tree.insert(&module, Path::new(&format!("{place}.rs")), paths::read(text));
        }
        tree
    }

    #[test]
    fn imports_lead_to_the_file_that_defines_the_name() {
        let lib = "mod a; mod b; pub mod f; pub use crate::a::A; use b::B; fn own() {}";
        let inside = "mod c; mod d; pub use c::C; fn own() {}";
        #[rustfmt::skip]
        let cases = [
            // file   text                                          needs
            ("a",    "use crate::b::B;",                            "b"),
            ("a",    "use crate::B;",                               "b"),
            ("b",    "use super::A as Z;",                          "a"),
            ("b",    "use crate::{A, f};",                          "a f"),
            ("b",    "use http::Uri; use ::a::A; use A;",           ""),
            ("b",    "fn f() { crate::own() }",                     "(root)"),
            ("b",    "fn f() { crate::f::own() }",                  "f"),
            ("b",    "use crate::f::C;",                            "f f::c"),
            ("b",    "mod m { use super::own; use super::super::A; }", "a"),
            ("b",    "use self::own; use crate::b::own;",           ""),
            ("b",    "struct S { #[serde(with = \"crate::a::s\")] a: u8 }", "a"),
            ("f::d", "use super::c::C;",                            "f::c"),
            ("f::d", "use super::C;",                               "f::c"),
            ("f::d", "use crate::f::c;",                            "f::c"),
            ("f::d", "use super::own;",                             "f"),
            ("f::d", "use super::super::b; use super::*;",          "b f"),
            ("f::d", "macro_rules! m { () => { $crate::A } }",      "a"),
        ];
        for (file, text, want) in cases {
            let mut files =
                vec![("", lib), ("a", ""), ("b", ""), ("f", inside), ("f::c", ""), ("f::d", "")];
            files.retain(|(name, _)| *name != file);
            files.push((file, text));
            let imports = tree(&files).imports();
            let mine = imports.iter().filter(|import| import.from.join("::") == file);
            let needs: Vec<_> = mine.map(|import| import.to.join("::")).collect();
            let needs = needs.iter().map(|name| if name.is_empty() { "(root)" } else { name });
            assert_eq!(needs.collect::<Vec<_>>().join(" "), want, "{file}: {text}");
        }
    }

    #[test]
    fn root_needs_what_it_exports_and_calls() {
        let tree = tree(&[
            ("", "mod a;\nmod b;\npub use crate::a::A;\nfn f() { b::run() }"),
            ("a", ""),
            ("b", ""),
        ]);
        let imports = tree.imports();
        let shown: Vec<_> = imports.iter().map(|i| (i.to.join("::"), i.line, &*i.path)).collect();
        assert_eq!(shown, [("a".to_owned(), 3, "crate::a::A"), ("b".to_owned(), 4, "b::run")]);
    }

    #[test]
    fn circle_of_reexports_ends() {
        let tree = tree(&[
            ("", "mod a; mod b;"),
            ("a", "pub use crate::b::X;"),
            ("b", "pub use crate::a::X;"),
        ]);
        assert_eq!(tree.imports().len(), 2);
    }
}
