//! Reads of a `Cargo.toml` what the rules need: name, dependencies, features.
//!
//! Not TOML as such: tables and keys as Cargo's own formatting and ours have them.

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) is_published: bool,
    /// Of a build as well: whoever builds the crate needs both.
    pub(super) dependencies: Vec<String>,
    pub(super) dev_dependencies: Vec<String>,
    /// Without `default` and those that begin with an underscore.
    pub(super) features: Vec<String>,
}

impl Manifest {
    pub(super) fn read(text: &str) -> Self {
        let mut manifest = Self { is_published: true, ..Self::default() };
        let mut table = String::new();
        let mut depth = 0_usize;
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or(line).trim();
            if depth == 0 {
                if let Some(header) = line.strip_prefix('[') {
                    table = header.trim_end_matches(']').to_owned();
                    manifest.header(&table);
                } else if let Some((key, value)) = line.split_once('=') {
                    manifest.entry(&table, key.trim(), value.trim());
                }
            }
            // The rest of a list or a table over several lines has no keys for us.
            if !line.starts_with('#') && !line.starts_with('[') {
                let opened = line.matches(['[', '{']).count();
                depth = (depth + opened).saturating_sub(line.matches([']', '}']).count());
            }
        }
        manifest
    }

    /// Takes the dependency of a table of its own: `[dependencies.http]`.
    fn header(&mut self, table: &str) {
        if let Some((kind, name)) = table.rsplit_once('.') {
            if let Some(dependencies) = self.dependencies_of(kind) {
                dependencies.push(name.trim_matches('"').to_owned());
            }
        }
    }

    fn entry(&mut self, table: &str, key: &str, value: &str) {
        let name = key.split('.').next().unwrap_or(key).trim_matches('"');
        match (table, name) {
            ("package", "name") => self.name = value.trim_matches('"').to_owned(),
            ("package", "publish") => self.is_published = value != "false",
            ("features", "default") => {}
            ("features", name) if !name.starts_with('_') => self.features.push(name.to_owned()),
            _ => {
                // A renamed one is what its `package` says.
                let package =
                    value.split_once("package = \"").and_then(|(_, rest)| rest.split_once('"'));
                let name = package.map_or(name, |(package, _)| package).to_owned();
                if let Some(dependencies) = self.dependencies_of(table) {
                    dependencies.push(name);
                }
            }
        }
    }

    fn dependencies_of(&mut self, table: &str) -> Option<&mut Vec<String>> {
        match table.rsplit('.').next() {
            Some("dependencies" | "build-dependencies") if !table.starts_with("workspace") => {
                Some(&mut self.dependencies)
            }
            Some("dev-dependencies") => Some(&mut self.dev_dependencies),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_is_read_in_all_its_forms() {
        let text = r#"
[package]
name = "a"
publish = false # never

[features]
default = ["b"]
# What it is for.
b = [
    "dep:c",
    "d/e",
]
_hidden = []

[dependencies]
c.workspace = true
d = { workspace = true, features = ["x"] }
"e" = "1" # why
f = { package = "g", version = "1" }

[dependencies.h]
version = "1"

[target.'cfg(unix)'.dependencies]
i = "1"

[build-dependencies]
j = "1"

[dev-dependencies]
k.workspace = true

[[bin]]
name = "z"
path = "src/main.rs"

[lints]
workspace = true
"#;
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let want = Manifest {
            name: "a".to_owned(),
            is_published: false,
            dependencies: names(&["c", "d", "e", "g", "h", "i", "j"]),
            dev_dependencies: names(&["k"]),
            features: names(&["b"]),
        };
        assert_eq!(Manifest::read(text), want);
        assert!(Manifest::read("[package]\nname = \"a\"\n").is_published);
    }
}
