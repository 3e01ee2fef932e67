//! The plan inside a room, held by a test: no two modules side by side use each other.
//!
//! `use` lines and paths that begin with `super`, `self` or `crate` are followed through re-exports to the file that
//! has the item. What a module takes from the one above it is that one's business; two neighbours that need each other
//! are one file, or three.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Place of a module: the names from the root of its crate.
type Module = Vec<String>;

/// A path that a file names, and what it calls the item.
type Use = (Vec<String>, String);

/// What the files of a crate use.
#[derive(Default)]
struct Crate(BTreeMap<Module, Vec<Use>>);

impl Crate {
    fn read(root: &Path) -> Self {
        let mut all = Self::default();
        all.folder(root, &mut Vec::new());
        all
    }

    fn folder(&mut self, folder: &Path, place: &mut Module) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                place.push(name);
                self.folder(&path, place);
                place.pop();
            } else if path.extension().is_some_and(|ending| ending == "rs") && name != "main" {
                let own = (name != "mod" && name != "lib").then_some(name);
                self.add(place.iter().cloned().chain(own).collect(), &fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// A file's own lines; its tests may use what they like.
    fn add(&mut self, module: Module, text: &str) {
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let code: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
        self.0.insert(module, uses(&code.join("\n")));
    }

    /// The module that a path begins at, as names from the root; `None` for other crates.
    fn absolute(&self, from: &Module, path: &[String]) -> Option<Vec<String>> {
        let above = path.iter().take_while(|name| *name == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([from, &path[1..]].concat()),
            "super" => Some([&from[..from.len().checked_sub(above)?], &path[above..]].concat()),
            first => {
                let child = [from.as_slice(), &[first.to_owned()]].concat();
                self.0.contains_key(&child).then(|| [from, path].concat())
            }
        }
    }

    /// The file that has the item of a path.
    fn owner(&self, path: &[String], depth: usize) -> Module {
        let inside = (0..=path.len()).rev().find(|&length| self.0.contains_key(&path[..length])).unwrap_or(0);
        let module = path[..inside].to_vec();
        let Some(item) = path.get(inside) else { return module };
        let exported = self.0.get(&module).into_iter().flatten().filter(|(_, name)| name == item && depth > 0);
        let mut exported = exported.filter_map(|(path, _)| self.absolute(&module, path));
        exported
            .next()
            .map_or_else(|| module.clone(), |at| self.owner(&[at.as_slice(), &path[inside + 1..]].concat(), depth - 1))
    }

    /// Pairs of neighbours of which the first uses the second.
    fn neighbours(&self) -> BTreeSet<(Module, Module)> {
        let mut pairs = BTreeSet::new();
        for (module, uses) in &self.0 {
            for path in uses.iter().filter_map(|(path, _)| self.absolute(module, path)) {
                let used = self.owner(&path, 9);
                let shared = module.iter().zip(&used).take_while(|(a, b)| a == b).count();
                if shared < module.len().min(used.len()) {
                    pairs.insert((module[..=shared].to_vec(), used[..=shared].to_vec()));
                }
            }
        }
        pairs
    }

    fn circles(&self) -> Vec<String> {
        let pairs = self.neighbours();
        let circles = pairs.iter().filter(|(a, b)| a < b && pairs.contains(&(b.clone(), a.clone())));
        circles.map(|(a, b)| format!("{} <-> {}", a.join("::"), b.join("::"))).collect()
    }
}

/// All paths of a text: those of its `use` statements, and those in its code that begin with `super` or `crate`.
fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for statement in code.split(';') {
        let line = statement.rfind("\nuse ").or(statement.rfind("\npub")).map_or(statement, |at| &statement[at + 1..]);
        let tree = line.split_once("use ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
        if let Some((_, tree)) = tree.filter(|(before, _)| !before.contains(['{', '='])) {
            expand(&[], &tree.split_whitespace().collect::<Vec<_>>().join(" "), &mut found);
        }
    }
    for start in ["super::", "crate::"] {
        for (at, _) in code.match_indices(start) {
            let path = code[at..].split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next();
            let path: Vec<String> =
                path.unwrap_or_default().split("::").filter(|n| !n.is_empty()).map(Into::into).collect();
            found.push((path, String::new()));
        }
    }
    found
}

/// The paths of a tree as `a::{b, c::d as e}`.
fn expand(before: &[String], tree: &str, found: &mut Vec<Use>) {
    let tree = tree.trim();
    if let Some(list) = tree.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let mut depth = 0;
        let parts = list.split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        });
        return parts.filter(|part| !part.trim().is_empty()).for_each(|part| expand(before, part, found));
    }
    if let Some((name, rest)) = tree.split_once("::") {
        return expand(&[before, &[name.to_owned()]].concat(), rest, found);
    }
    let (name, called) = tree.split_once(" as ").unwrap_or((tree, tree));
    let path = if ["self", "*"].contains(&name) { before.to_vec() } else { [before, &[name.to_owned()]].concat() };
    let called = if called == "self" { before.last().cloned().unwrap_or_default() } else { called.to_owned() };
    found.push((path, called));
}

#[test]
fn no_two_neighbours_use_each_other() {
    for folder in ["src", "kernels/src", "xtask/src"] {
        let crate_ = Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        assert!(crate_.neighbours().len() > usize::from(folder != "xtask/src"), "{folder}: nothing was read");
        let circles = crate_.circles();
        assert!(circles.is_empty(), "{folder}: what both need wants a place of its own:\n{}", circles.join("\n"));
    }
}

#[test]
fn the_test_of_neighbours_sees_what_it_should() {
    let circles = |files: &[(&str, &str)]| {
        let mut all = Crate::default();
        for (place, text) in files {
            all.add(place.split("::").filter(|name| !name.is_empty()).map(Into::into).collect(), text);
        }
        all.circles()
    };
    let root = ("", "mod a;\nmod b;\npub use b::{Thing as Other, f};\n");
    let b = ("b", "use super::a::g;\npub struct Thing;\n");
    for a in [
        "use super::b::f;",
        "use super::{\n    Other,\n};",
        "use crate::{b::{self, f}, c};",
        "pub(super) use crate::b;",
        "fn f() {\n    super::f(crate::Other);\n}",
    ] {
        assert_eq!(circles(&[root, ("a", a), b]), ["a <-> b"], "{a}");
    }
    for a in [
        "",
        "use super::c;",
        "// use super::b::f;",
        "use b::f;",
        "#[cfg(test)]\nmod tests {\n    use super::super::b;\n}",
    ] {
        assert!(circles(&[root, ("a", a), b]).is_empty(), "{a}");
    }
    // Folders are neighbours of files, and of what lies in other folders.
    assert_eq!(circles(&[("", ""), ("a", ""), ("a::x", "use crate::b;"), b]), ["a <-> b"]);
    assert!(circles(&[("", ""), ("a", "use x::f;"), ("a::x", "use super::g;")]).is_empty());
}
