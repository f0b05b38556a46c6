//! Ranks: every module above all that it imports, or the circle that makes this impossible.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Import, Name, Tree};

/// The modules of one folder, and who imports whom.
///
/// A module with children counts as one among its siblings; its children are judged, together
/// with the file that holds them, in a level of their own.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Each module with those that it needs.
    needs: BTreeMap<Name, BTreeMap<Name, Import>>,
}

impl Level {
    /// Sorts the modules of a crate into their levels, by the module that holds them.
    pub(super) fn all(tree: &Tree) -> BTreeMap<Name, Self> {
        let mut levels: BTreeMap<Name, Self> = BTreeMap::new();
        for file in tree.files() {
            let Some((_, parent)) = file.split_last() else { continue };
            let level = levels.entry(parent.to_vec()).or_default();
            level.needs.entry(parent.to_vec()).or_default();
            level.needs.entry(file.clone()).or_default();
        }
        for import in tree.imports() {
            let pairs = import.from.iter().zip(&import.to);
            let shared = pairs.take_while(|(from, to)| from == to).count();
            let node = |name: &Name| name.iter().take(shared.saturating_add(1)).cloned().collect();
            let parent: Name = import.from.iter().take(shared).cloned().collect();
            let (from, to): (Name, Name) = (node(&import.from), node(&import.to));
            let level = levels.entry(parent).or_default();
            level.needs.entry(to.clone()).or_default();
            level.needs.entry(from).or_default().entry(to).or_insert(import);
        }
        levels
    }

    /// Returns the modules by rank, the lowest first.
    ///
    /// # Errors
    ///
    /// Returns the imports of circles: of all that share no module with a shorter one.
    pub(super) fn ranks(&self) -> Result<Vec<Vec<&Name>>, Vec<Vec<&Import>>> {
        let mut ranks: Vec<Vec<&Name>> = Vec::new();
        let mut circles = Vec::new();
        // The file that holds the others sorts before them; read last, unless they need it.
        let holder = self.needs.keys().next();
        let mut done: BTreeSet<&Name> = BTreeSet::new();
        while done.len() < self.needs.len() {
            let is_next = |(name, needs): &(&Name, &BTreeMap<Name, Import>)| {
                !done.contains(name) && needs.keys().all(|needed| done.contains(needed))
            };
            let mut rank: Vec<_> =
                self.needs.iter().filter(is_next).map(|(name, _)| name).collect();
            if rank.len() > 1 {
                rank.retain(|name| Some(*name) != holder);
            }
            if rank.is_empty() {
                // As if it were resolved, to see what else there is.
                let (names, circle) = self.circle(&done);
                rank = names;
                circles.push(circle);
            }
            done.extend(&rank);
            ranks.push(rank);
        }
        if circles.is_empty() { Ok(ranks) } else { Err(circles) }
    }

    /// Returns a shortest circle among the modules that are not `done`.
    fn circle(&self, done: &BTreeSet<&Name>) -> (Vec<&Name>, Vec<&Import>) {
        let open = self.needs.keys().filter(|name| !done.contains(name));
        let circles = open.filter_map(|name| self.way_back(name, done));
        circles.min_by_key(|(_, imports)| imports.len()).unwrap_or_default()
    }

    /// Returns a shortest way from a module to itself, past those that are `done`.
    fn way_back<'a>(
        &'a self,
        start: &'a Name,
        done: &BTreeSet<&Name>,
    ) -> Option<(Vec<&'a Name>, Vec<&'a Import>)> {
        let mut ways = vec![(vec![start], Vec::new())];
        let mut seen = done.clone();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for (names, imports) in ways {
                let needs = names.last().and_then(|at| self.needs.get(*at));
                for (next, import) in needs.into_iter().flatten() {
                    let imports = [imports.as_slice(), &[import]].concat();
                    if next == start {
                        return Some((names, imports));
                    }
                    if seen.insert(next) {
                        longer.push(([names.as_slice(), &[next]].concat(), imports));
                    }
                }
            }
            ways = longer;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::tests::tree;
    use super::*;

    fn ranks(files: &[(&str, &str)], parent: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let levels = Level::all(&tree(files));
        let parent: Name = parent.iter().map(|&name| name.to_owned()).collect();
        let line = |rank: Vec<&Name>| {
            rank.iter().map(|name| name.join("::")).collect::<Vec<_>>().join(" ")
        };
        match levels[&parent].ranks() {
            Ok(ranks) => Ok(ranks.into_iter().map(line).collect()),
            Err(circles) => Err(circles
                .iter()
                .flatten()
                .map(|i| format!("{}:{} {}", i.place.display(), i.line, i.path))
                .collect()),
        }
    }

    #[test]
    fn module_stands_above_all_that_it_imports() {
        let files = [
            ("", "mod a; mod b; mod c; mod d; pub use crate::a::A;"),
            ("a", "use crate::{b::B, c::C};"),
            ("b", "use crate::c::C;"),
            ("c", ""),
            ("d", ""),
        ];
        let want = ["c d", "b", "a", ""].map(str::to_owned);
        assert_eq!(ranks(&files, &[]), Ok(want.to_vec()));
    }

    #[test]
    fn circle_is_shown_with_each_of_its_imports() {
        let files = [
            ("", "mod a; mod b; mod c;"),
            ("a", "\nuse crate::b::B;"),
            ("b", "use crate::c::C;\nuse crate::a::A;"),
            ("c", "fn f() { crate::a::f() }"),
        ];
        let want = ["a.rs:2 crate::b::B", "b.rs:2 crate::a::A"].map(str::to_owned);
        assert_eq!(ranks(&files, &[]), Err(want.to_vec()));
    }

    #[test]
    fn every_circle_is_shown() {
        let files = [
            ("", "mod a; mod b; mod c; mod d;"),
            ("a", "use crate::b::B;"),
            ("b", "use crate::a::A;"),
            ("c", "use crate::d::D;"),
            ("d", "use crate::c::C;"),
        ];
        assert_eq!(ranks(&files, &[]).map_err(|imports| imports.len()), Err(4));
    }

    #[test]
    fn what_the_root_defines_is_above_its_modules() {
        let files = [("", "mod a;\npub use crate::a::A;\nfn f() {}"), ("a", "use crate::f;")];
        assert_eq!(ranks(&files, &[]).map_err(|circle| circle.len()), Err(2));
    }

    #[test]
    fn children_count_as_one_among_the_siblings_of_their_parent() {
        let files = [
            ("", "mod a; mod b;"),
            ("a", "mod x; mod y; use x::X;"),
            ("a::x", "use super::y::Y;"),
            ("a::y", "use crate::b::B;"),
            ("b", ""),
        ];
        assert_eq!(ranks(&files, &[]), Ok(["b", "a", ""].map(str::to_owned).to_vec()));
        assert_eq!(ranks(&files, &["a"]), Ok(["a::y", "a::x", "a"].map(str::to_owned).to_vec()));
    }
}
