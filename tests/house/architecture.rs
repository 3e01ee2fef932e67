//! The plan of the house, held by a test: modules use lower layers only, siblings never use each other,
//! `unsafe` stays in `kernels/`, and files stay small.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules of `src/` from the lowest layer up; modules of one layer never use each other.
const LAYERS: &[&[&str]] = &[
    &["units", "paths", "memory"],
    &["choice"],
    &["image", "scanner"],
    &["metrics"],
    &["data"],
    &["io"],
    &["phantom"],
    &["operator"],
    &["model"],
    &["simulate", "normalise", "psf", "likelihood", "prior"],
    &["algorithm"],
    &["train", "trust"],
    &["observe"],
    &["report"],
    &["config"],
    &["run"],
    &["study"],
    &["prelude"],
];

/// What a prior may see: images only.
const PRIOR_MAY_USE: &[&str] = &["units", "paths", "choice", "image", "prior"];

const LONGEST_FILE: usize = 500;
/// Columns of a comment; a row of a table is one line, however long.
const WIDEST_COMMENT: usize = 120;

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `src/prior/mod.rs` and `src/prior.rs` belong to `prior`; `lib.rs`, `main.rs` and its `cli` belong to nobody.
fn owner(file: &Path) -> Option<String> {
    let inside = file.strip_prefix(root().join("src")).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs");
    (!["lib", "main", "cli"].contains(&first)).then(|| first.to_owned())
}

/// The modules that a line names after `crate::`, braces included: `use crate::{image, units::Mm}`.
fn used(line: &str) -> Vec<String> {
    let name = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    line.match_indices("crate::")
        .flat_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            match rest.strip_prefix('{') {
                Some(list) => top_level(list).into_iter().map(name).collect::<Vec<String>>(),
                None => vec![name(rest)],
            }
        })
        .collect()
}

/// The parts of `a, b::{c, d}, e}…` that commas at the top level separate.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&list[start..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

/// What is wrong with one use, if anything.
fn forbidden(owner: &str, used: &str) -> bool {
    if owner == used {
        return false;
    }
    let (Some(above), Some(below)) = (layer(owner), layer(used)) else {
        return layer(owner).is_none();
    };
    below >= above || (owner == "prior" && !PRIOR_MAY_USE.contains(&used))
}

#[test]
fn modules_only_use_lower_layers() {
    let mut problems = Vec::new();
    for file in rust_files(&root().join("src")) {
        let Some(owner) = owner(&file) else { continue };
        assert!(layer(&owner).is_some(), "{}: `{owner}` has no place in LAYERS", file.display());
        for (index, line) in statements(&fs::read_to_string(&file).unwrap()) {
            for used in used(&line).into_iter().filter(|used| forbidden(&owner, used)) {
                problems.push(format!("{}:{index}: `{owner}` may not use `{used}`", file.display()));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Lines with their numbers; a `use` that runs over several lines is joined, comments are dropped.
fn statements(text: &str) -> Vec<(usize, String)> {
    let mut statements: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("//") {
            continue;
        }
        match statements.last_mut() {
            Some((_, statement)) if open => statement.push_str(line),
            _ => statements.push((index + 1, line.to_owned())),
        }
        let begins = line.starts_with("use ") || line.starts_with("pub use ");
        open = (open || begins) && !line.ends_with(';');
    }
    statements
}

#[test]
fn the_layer_test_sees_what_it_should() {
    assert_eq!(used("use crate::image::Image;"), ["image"]);
    assert_eq!(used("use crate::{image::{Image, ImageGrid}, units};"), ["image", "units"]);
    assert_eq!(used("let x = crate::io::read(crate::units::ONE);"), ["io", "units"]);
    assert_eq!(statements("use crate::{\n    io,\n};\nfn f() {}").len(), 2);
    assert!(forbidden("image", "algorithm") && forbidden("image", "scanner") && forbidden("prior", "operator"));
    assert!(!forbidden("algorithm", "image") && !forbidden("io", "io"));
}

#[test]
fn unsafe_stays_in_the_kernels() {
    for folder in ["src", "tests", "benches", "xtask"].into_iter().filter(|folder| root().join(folder).exists()) {
        for file in rust_files(&root().join(folder)) {
            if file.ends_with("tests/house/architecture.rs") {
                continue;
            }
            for (index, line) in statements(&fs::read_to_string(&file).unwrap()) {
                let code = line.split("//").next().unwrap_or_default();
                let found = code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
                assert!(!found, "{}:{index}: unsafe outside kernels/", file.display());
            }
        }
    }
}

/// `cargo xtask test-torch` runs the test binaries of this name, and no other test waits for libtorch.
#[test]
fn tests_that_need_libtorch_are_called_so() {
    for file in rust_files(&root().join("tests")).into_iter().filter(|file| !file.ends_with("architecture.rs")) {
        let text = fs::read_to_string(&file).unwrap();
        let needs =
            text.contains("cfg(feature = \"torch\")") || text.contains("TorchNetwork") || text.contains("tch::");
        let called = file.file_name().unwrap().to_string_lossy().starts_with("torch_");
        assert!(called || !needs, "{}: nothing would run it", file.display());
        let cargo = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let name = format!("name = \"{}\"\nrequired-features", file.file_stem().unwrap().to_string_lossy());
        assert!(!called || cargo.contains(&name), "{}: no [[test]] that requires the feature", file.display());
    }
}

/// libtorch is one room's business in each of two places: users' models, and training.
#[test]
fn libtorch_is_named_in_its_own_files_only() {
    for file in rust_files(&root().join("src")) {
        let place = file.strip_prefix(root().join("src")).unwrap();
        if ["prior/torchscript/run.rs", "train/torch.rs"].iter().any(|file| place == Path::new(file)) {
            continue;
        }
        for (index, line) in statements(&fs::read_to_string(&file).unwrap()) {
            let named = line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "tch");
            assert!(!named, "{}:{index}: tch outside its files", file.display());
        }
    }
}

#[test]
fn files_are_small() {
    for folder in ["src", "kernels/src", "xtask/src"] {
        for file in rust_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
            assert!(lines <= LONGEST_FILE, "{}: {lines} lines without tests, at most {LONGEST_FILE}", file.display());
        }
    }
}

/// A file that no `mod` names is not compiled, and nobody else would say so.
#[test]
fn every_file_is_a_module() {
    let named = |text: &str, stem: &str| text.split("mod ").any(|rest| rest.starts_with(&format!("{stem};")));
    for file in rust_files(&root().join("src")).into_iter().filter(|file| file.parent() != Some(&root().join("src"))) {
        let (folder, stem) = (file.parent().unwrap(), file.file_stem().unwrap().to_string_lossy().into_owned());
        let (above, name) = match stem.as_str() {
            "mod" => (folder.parent().unwrap(), folder.file_name().unwrap().to_string_lossy().into_owned()),
            _ => (folder, stem),
        };
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| above.join(parent));
        let parents = parents.into_iter().chain([above.with_extension("rs")]).filter(|parent| parent.is_file());
        let found = parents.into_iter().any(|parent| named(&fs::read_to_string(parent).unwrap(), &name));
        assert!(found, "{}: no `mod {name};` above it", file.display());
    }
}

#[test]
fn comments_are_no_wider_than_code() {
    for file in ["src", "kernels", "tests", "benches", "xtask"].map(|folder| rust_files(&root().join(folder))).concat()
    {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let comment = line.trim_start().strip_prefix("//").map(|text| text.trim_start_matches(['!', '/', ' ']));
            let wide = line.chars().count() > WIDEST_COMMENT && comment.is_some_and(|text| !text.starts_with('|'));
            assert!(!wide, "{}:{}: a comment wider than {WIDEST_COMMENT} columns", file.display(), number + 1);
        }
    }
}

/// Guides for those who build and those who use: what they name lies in the house. `*` stands for any part of a name;
/// the name of a file alone, as `main.rs`, may lie anywhere.
#[test]
fn guides_name_files_that_are_there() {
    let pages = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let all: Vec<String> = files(root());
    let mut seen = 0;
    for page in pages.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name))) {
        for (number, line) in fs::read_to_string(&page).unwrap().lines().enumerate() {
            for name in named(line) {
                seen += 1;
                let there = all.iter().any(|file| lies_at(file, name));
                assert!(there, "{}:{}: there is no `{name}`", page.display(), number + 1);
            }
        }
    }
    assert!(seen > 40, "only {seen} files are named");
}

/// Files and folders (with a slash behind) below a folder that are no build products, as paths from the root.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true if name == "target" || name.starts_with('.') => {}
            true => found.extend([vec![format!("{name}/")], files(&path)].concat()),
            false => found.push(name),
        }
    }
    found
}

/// The files and folders of the house that a line names.
fn named(line: &str) -> impl Iterator<Item = &str> {
    const FOLDERS: [&str; 9] =
        ["src/", "kernels/", "tests/", "benches/", "examples/", "xtask/", "docs/", "models/", "phantoms/"];
    let words =
        line.split(|c: char| !c.is_alphanumeric() && !"_./*-".contains(c)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)) || word.ends_with(".rs"))
}

fn lies_at(file: &str, name: &str) -> bool {
    let file = if name.contains('/') { file } else { file.rsplit('/').next().unwrap_or(file) };
    match name.split_once('*') {
        None => file == name || file.strip_suffix('/') == Some(name),
        Some((before, after)) => file.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
    }
}

#[test]
fn the_test_of_guides_sees_what_it_should() {
    let line = "An arm in `src/run/gone.rs`, `mod.rs` beside it, `tests/torch_*.rs`; see docs/theory.md.";
    assert!(named(line).eq(["src/run/gone.rs", "mod.rs", "tests/torch_*.rs", "docs/theory.md"]));
    assert!(lies_at("tests/torch_train.rs", "tests/torch_*.rs") && lies_at("src/run/mod.rs", "mod.rs"));
    assert!(!lies_at("tests/program/train.rs", "tests/torch_*.rs") && !lies_at("src/run/mod.rs", "src/mod.rs"));
    assert!(lies_at("src/io/", "src/io/") && !lies_at("src/io/", "src/i"));
}

/// The general tests of operators run over a list, and every operator is in it.
#[test]
fn every_operator_is_in_the_list_of_the_general_tests() {
    let list = fs::read_to_string(root().join("tests/model/operators.rs")).unwrap();
    let mut operators = 0;
    for file in rust_files(&root().join("src/operator")) {
        for line in fs::read_to_string(&file).unwrap().lines().filter(|line| line.starts_with("impl")) {
            let Some((_, name)) = line.split_once("LinearOperator for ") else { continue };
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            let made = [format!("{name}::new("), format!("{name}::at_level("), format!(".{}(", name.to_lowercase())];
            let found = made.iter().any(|made| list.contains(made));
            assert!(found, "{}: `{name}` is not in `every_operator` of tests/model/operators.rs", file.display());
            operators += 1;
        }
    }
    assert!(operators >= 8, "{operators}");
}
