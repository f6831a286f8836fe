//! The documents say what the code does: the walls between the rooms, the paths on the map, the verbs, exit codes and
//! configuration keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The texts in backticks of a line.
fn quoted(line: &str) -> Vec<String> {
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rows of the table under a heading.
fn table(document: &str, heading: &str) -> Vec<String> {
    let section = document.split(&format!("## {heading}\n")).nth(1).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n## ").next().unwrap();
    section.lines().filter(|l| l.starts_with("| ")).skip(1).map(str::to_owned).collect()
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir).unwrap().flatten() {
        let path = item.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The top-level module a file belongs to.
fn module(file: &Path) -> String {
    let inside = file.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that a file's code names as `crate::…`, its tests left out.
fn used(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let mut found = BTreeSet::new();
    for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
        for rest in line.split("crate::").skip(1) {
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(list) => list.split(['}', ',']).map(str::trim).collect(),
                None => vec![rest],
            };
            for name in names {
                let word: String = name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert(word);
            }
        }
    }
    found
}

#[test]
fn rooms_use_only_what_the_table_allows() {
    let architecture = read("ARCHITECTURE.md");
    let mut allowed: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for row in table(&architecture, "Who may use what") {
        let names = quoted(&row);
        let all = row.contains("everything");
        allowed.insert(names[0].clone(), (!all).then(|| names[1..].iter().cloned().collect()));
    }
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let module = module(&file);
        if module == "main" || module == "lib" {
            continue;
        }
        let may = allowed.get(&module).unwrap_or_else(|| panic!("the table has no row for {module}"));
        let Some(may) = may else { continue };
        for name in used(&fs::read_to_string(&file).unwrap()) {
            if name != module && allowed.contains_key(&name) && !may.contains(&name) {
                wrong.push(format!("{} uses {name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What only a system's own code can be: calls into it, and where it tells of itself.
const OF_THE_SYSTEM: [&str; 6] = ["rustix::", "signal_hook", "std::os::", "libc::", "\"/proc", "raw_os_error(), Some("];

/// Chromium's own lock is a socket of the system's on Linux and a Mac alone; its source makes it anew for Windows.
const NO_ROOM_BUT: [(&str, &str); 1] = [("src/session/chromium/door.rs", "std::os::unix::net::")];

#[test]
fn only_the_platform_room_knows_the_system() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let name = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        if name.starts_with("src/platform/") || name.ends_with("/tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for line in code.lines().filter(|l| !l.trim_start().starts_with("//")) {
            let allowed = NO_ROOM_BUT.iter().any(|(at, what)| *at == name && line.contains(what));
            if !allowed && OF_THE_SYSTEM.iter().any(|word| line.contains(word)) {
                wrong.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "this belongs into src/platform/: {wrong:#?}");
}

#[test]
fn the_platform_room_says_of_each_file_what_another_system_has_to_give() {
    let room = root().join("src/platform");
    let rows = read("src/platform/mod.rs").replace("//! ", "");
    for item in fs::read_dir(&room).unwrap().flatten() {
        let name = item.file_name().to_string_lossy().trim_end_matches(".rs").to_owned();
        assert!(name == "mod" || rows.contains(&format!("| `{name}` | ")), "src/platform/mod.rs doesn't name {name}");
    }
}

#[test]
fn every_path_on_the_map_exists_and_every_room_is_on_it() {
    let architecture = read("ARCHITECTURE.md");
    let paths = architecture.lines().flat_map(quoted).filter(|q| q.starts_with("src/") || q.starts_with("tests/"));
    let paths: BTreeSet<String> = paths.collect();
    for path in &paths {
        assert!(root().join(path).exists(), "{path} is on the map, but not in the house");
    }
    for item in fs::read_dir(root().join("src")).unwrap().flatten() {
        let name = item.file_name().to_string_lossy().into_owned();
        let path = if item.path().is_dir() { format!("src/{name}/") } else { format!("src/{name}") };
        assert!(paths.contains(&path) || name == "config.toml", "{path} is in the house, but not on the map");
    }
}

#[test]
fn the_laws_name_tests_that_exist() {
    let tests: String = rust_files(&root().join("tests/it")).iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    for row in table(&read("ARCHITECTURE.md"), "What always holds") {
        for name in quoted(&row) {
            let there = tests.contains(&format!("fn {name}(")) || root().join(&name).exists();
            assert!(there, "{name} is no test");
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let crates: BTreeSet<String> = manifest["dependencies"].as_table().unwrap().keys().cloned().collect();
    let reasons = table(&read("ARCHITECTURE.md"), "Dependencies");
    let told: BTreeSet<String> = reasons.iter().flat_map(|row| quoted(row.split(" | ").next().unwrap())).collect();
    assert_eq!(told, crates);
}

#[test]
fn both_readmes_have_the_verbs_the_codes_and_the_keys() {
    for (name, commands, codes) in
        [("README.md", "Commands", "Exit codes"), ("README.ru.md", "Команды", "Коды возврата")]
    {
        let readme = read(name);
        let verbs: BTreeSet<String> = table(&readme, commands)
            .iter()
            .filter_map(|row| quoted(row).first()?.strip_prefix("wakeep ").map(str::to_owned))
            .collect();
        assert_eq!(verbs, wakeep::cli::verbs().into_iter().collect(), "{name}: the verbs");
        let numbers: Vec<u8> = table(&readme, codes)
            .iter()
            .filter_map(|row| row.trim_start_matches("| ").split(' ').next()?.parse().ok())
            .collect();
        let ours: Vec<u8> = wakeep::cli::Exit::ALL.iter().map(|e| e.code()).collect();
        assert_eq!(numbers, ours, "{name}: the exit codes");
        let words: BTreeSet<String> = readme.lines().flat_map(quoted).collect();
        let missing: Vec<_> = wakeep::config::keys::KEYS.iter().filter(|k| !words.contains(**k)).collect();
        assert!(missing.is_empty(), "{name} doesn't name {missing:?}");
    }
}

#[test]
fn the_first_page_of_help_has_every_verb() {
    let home = crate::env::scratch();
    let help = crate::env::wakeep::Wakeep::new(home.path(), ["--help"]).run();
    let words: BTreeSet<&str> = help.stdout.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    for verb in wakeep::cli::verbs() {
        assert!(words.contains(verb.as_str()), "--help doesn't name {verb}");
    }
    assert!(help.stdout.lines().all(|l| l.chars().count() <= 100), "{}", help.stdout);
}

#[test]
fn the_man_page_tells_all_of_every_verb_and_of_no_page_that_is_not_there() {
    let home = crate::env::scratch();
    let page = crate::env::wakeep::Wakeep::new(home.path(), ["generate", "man"]).run().stdout.replace(r"\-", "-");
    for verb in wakeep::cli::verbs() {
        assert!(page.contains(&format!(".SS \"wakeep {verb}\"\n")), "{verb}: {page}");
    }
    for told in ["--if-needed", "--take-over", "wakeep generate completions", "--show-account"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("(1)"), "{page}");
}

#[test]
fn the_changelog_and_the_rest_are_there() {
    for name in ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE-MIT", "LICENSE-APACHE", "docs/format.md", "docs/json.md"] {
        assert!(!read(name).is_empty());
    }
}

#[test]
fn every_finding_is_explained() {
    use wakeep::verdict::{Code, Weight};
    let rows = table(&read("docs/verdicts.md"), "Findings");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row.split(" | ").collect();
            assert!(cells.len() == 4 && cells[2].len() > 10 && cells[3].len() > 4, "{row}");
            (quoted(cells[0])[0].clone(), cells[1].to_owned())
        })
        .collect();
    let weight = |code: &Code| match code.weight() {
        Weight::Note => "note",
        Weight::Doubt => "doubt",
        Weight::Fault => "fault",
    };
    let all: Vec<_> = Code::ALL.iter().map(|code| (code.as_str().to_owned(), weight(code).to_owned())).collect();
    assert_eq!(told, all);
}

#[test]
fn every_script_is_named_to_contributors() {
    let contributing = read("CONTRIBUTING.md") + &read("README.md");
    for item in fs::read_dir(root().join("scripts")).unwrap().flatten() {
        let name = format!("scripts/{}", item.file_name().to_string_lossy());
        let named = contributing.contains(&name)
            || rust_files(&root().join("tests/it")).iter().any(|f| fs::read_to_string(f).unwrap().contains(&name));
        assert!(named || read("scripts/test").contains(&name) || read("scripts/vps-test").contains(&name), "{name}");
    }
}
