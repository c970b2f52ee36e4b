//! The book has what it says it has: its chapters, its links, and the ops of the library. Its programs are compiled and
//! run by `cargo test --doc`, from `src/book.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use varscope_tests::gallery;

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// The names of the chapters' files, without `.md`.
fn chapters() -> BTreeSet<String> {
    let files = fs::read_dir(book()).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let names = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_string());
    names.filter(|name| name != "SUMMARY").collect()
}

/// The pages of the gallery, without `.md`. Its programs are to fail, and are compiled by `ui.rs`.
fn pages() -> BTreeSet<String> {
    let pages = gallery::generate().unwrap().into_keys();
    pages.map(|path| path.with_extension("").to_str().unwrap().to_string()).collect()
}

/// What stands between `before` and the next `after`, each time.
fn between<'a>(text: &'a str, before: &'a str, after: char) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after)).map(|(inside, _)| inside)
}

#[test]
fn every_chapter_is_in_the_table_of_contents_and_tested() {
    let linked = read(book().join("SUMMARY.md"));
    let linked: BTreeSet<String> =
        between(&linked, "](", ')').map(|link| link.trim_end_matches(".md").to_string()).collect();
    assert_eq!(linked, &chapters() | &pages());

    let tested = include_str!("../src/book.rs");
    let (_, tested) = tested.split_once("chapters! {").unwrap();
    let tested: BTreeSet<String> =
        tested.split(['{', '}', ',']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect();
    assert_eq!(tested, &chapters() - &pages());
}

#[test]
fn every_link_leads_somewhere() {
    for chapter in &chapters() | &pages() {
        let text = read(book().join(format!("{chapter}.md")));
        for link in between(&text, "](", ')').filter(|link| [".md", ".rs"].iter().any(|ending| link.contains(ending))) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let page = read(book().join(path));
            let mut headings = page.lines().filter_map(|line| line.strip_prefix("## "));
            let is_there = heading.is_empty() || headings.any(|there| gallery::anchor(there) == heading);
            assert!(is_there, "{chapter}.md links to {link}");
        }
    }
}

#[test]
fn every_rule_of_tensorflow_has_a_row() {
    let text = read(book().join("tensorflow_rules.md"));
    let rows: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("| S")?.split(' ').next()).collect();
    let rules: Vec<String> = (1..=176).map(|number| format!("{number:03}")).collect();
    assert_eq!(rows, rules);
}

#[test]
fn every_op_has_a_row() {
    let source = read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/ops/mod.rs"));
    let there: BTreeSet<&str> =
        source.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();

    let text = read(book().join("ops.md"));
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |")).map(|(cell, _)| cell);
    // Every other part is between backticks; of those, a call has parentheses.
    let code = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let documented: BTreeSet<&str> =
        code.filter(|code| code.contains('(')).filter_map(|call| call.split(['(', ':']).next()).collect();
    assert_eq!(documented, there, "an op of the library has a row in docs/src/ops.md, and no other has");
}
