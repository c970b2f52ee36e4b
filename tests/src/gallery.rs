//! The gallery of the book: every mistake of `tests/ui` with its source and what rustc prints for it.
//!
//! `cargo run -p varscope-tests --bin gallery` writes it; `tests/gallery.rs` compares. A page is a folder of `ui`, a
//! heading is the first line of a case, which begins with `//!`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What the folders of `ui` have: the folder, the title of its page, and what stands below the title.
const PAGES: [(&str, &str, &str); 11] = [
    (
        "names",
        "Names",
        "A name means one thing: two variables, a variable and a scope, or names that differ in case only are refused, \
         and a name that nothing has is answered with the nearest spelling.",
    ),
    (
        "reuse",
        "Sharing",
        "A scope makes its variables, or shares those that exist, or does either. What contradicts that is refused, with \
         the place of the first declaration; so is what TensorFlow silently ignores.",
    ),
    (
        "shapes",
        "Shapes of variables",
        "The shape of a variable is known before the model runs: it is written, or that of an array as its initializer.",
    ),
    (
        "attributes",
        "Attributes",
        "What stands in the parentheses of scopes and variables: its names, its values, and where it may stand.",
    ),
    (
        "sizes",
        "Sizes",
        "Sizes are followed through the whole computation. Where two do not fit, the message has the op, the shapes of its \
         operands and the two sizes, and stands at the op.",
    ),
    (
        "calls",
        "Calls",
        "Calls of ops, of other `fn`s and of initializers: unknown names, keywords, operands and element types. Most of \
         these messages are rustc's own, since an op is a module of Rust.",
    ),
    (
        "layers",
        "Layers",
        "A layer is checked by itself, and again where it is applied, with the sizes that it has there.",
    ),
    (
        "hyperparameters",
        "Hyper-parameters",
        "Hyper-parameters have a type of Rust, and are looked up like values where they are used.",
    ),
    (
        "loops",
        "Loops and branches",
        "What a loop carries keeps its size, what each turn makes needs a name of its own, and what one turn or one arm \
         binds ends with it.",
    ),
    (
        "syntax",
        "Syntax",
        "What is legal Rust, or Python, and not there in `model!`: the message says what to write. A line that cannot be \
         read hides no mistake in the next one.",
    ),
    (
        "tutorials",
        "Programs of tutorials",
        "Programs on TensorFlow's variable scopes that many have learnt from, with the names that they have there: those \
         that fail when they run, and those that do other than they say. The others run, in `examples/reuse`.",
    ),
];

/// A folder whose cases stand on the page of another one.
const BELONGS_TO: [(&str, &str); 1] = [("branches", "loops")];

/// The pages of the gallery, by their paths below `docs/src`.
pub type Pages = BTreeMap<PathBuf, String>;

/// One case: what is wrong, where, and what it looks like.
struct Case {
    name: String,
    heading: String,
    source: String,
    output: String,
}

/// Where the book is.
pub fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src")
}

/// The gallery as `tests/ui` has it now.
///
/// # Errors
///
/// A file cannot be read, a folder has no page, a case does not begin with a heading, or two cases of a page have one
/// heading.
pub fn generate() -> io::Result<Pages> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let mut cases: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for folder in sorted(&ui)? {
        let name = file_name(&folder);
        let page = BELONGS_TO.iter().find(|(other, _)| *other == name).map_or(&*name, |(_, page)| page).to_string();
        if !PAGES.iter().any(|(page_of, ..)| *page_of == page) {
            return Err(wrong(format!("tests/ui/{name} is in no page: add it to PAGES in tests/src/gallery.rs")));
        }
        cases.entry(page).or_default().extend(read(&folder)?);
    }
    let mut pages = Pages::new();
    let mut contents = String::from(INTRODUCTION);
    for (folder, title, about) in PAGES {
        let cases = cases.remove(folder).unwrap_or_default();
        check_headings(&cases)?;
        let _ = write!(contents, "\n## [{title}](gallery/{folder}.md)\n\n{}\n\n", wrapped(about));
        for case in &cases {
            let _ = writeln!(contents, "- [{}](gallery/{folder}.md#{})", case.heading, anchor(&case.heading));
        }
        pages.insert(format!("gallery/{folder}.md").into(), page(title, about, &cases));
    }
    pages.insert("gallery.md".into(), contents);
    Ok(pages)
}

const INTRODUCTION: &str = "# Gallery of mistakes

Every kind of mistake that is tested, with its source and all that rustc prints for it. [Mistakes at compile
time](mistakes.md) explains the commonest ones; this is the place to look a message up.

The pages are made from `tests/ui`, whose cases are compiled by each run of the tests, and their output compared. Of the
output is left out how many errors there were, and the address of rustc's explanation of their numbers.
";

/// Writes the gallery, and removes pages that are no longer in it.
///
/// # Errors
///
/// As for [`generate`], and a file cannot be written.
pub fn write() -> io::Result<usize> {
    let (pages, book) = (generate()?, book());
    fs::create_dir_all(book.join("gallery"))?;
    for old in sorted(&book.join("gallery"))? {
        if !pages.contains_key(&Path::new("gallery").join(file_name(&old))) {
            fs::remove_file(old)?;
        }
    }
    for (path, text) in &pages {
        fs::write(book.join(path), text)?;
    }
    Ok(pages.len())
}

fn page(title: &str, about: &str, cases: &[Case]) -> String {
    let mut text = format!("# {title}\n\n{}\n", wrapped(about));
    for Case { name, heading, source, output } in cases {
        let _ = write!(
            text,
            "\n## {heading}\n\n`{name}`\n\n```rust,compile_fail\n{}\n```\n\n```text\n{}\n```\n",
            source.trim_end(),
            output.trim_end(),
        );
    }
    text
}

/// The cases of a folder, by the names of their files.
fn read(folder: &Path) -> io::Result<Vec<Case>> {
    let sources = sorted(folder)?.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let case = |path: PathBuf| {
        let name = format!("tests/ui/{}/{}", file_name(folder), file_name(&path));
        let source = fs::read_to_string(&path)?;
        let heading = source.lines().next().and_then(|line| line.strip_prefix("//! "));
        let heading = heading.ok_or_else(|| wrong(format!("{name} has no `//! …` in its first line")))?.to_string();
        let output = fs::read_to_string(path.with_extension("stderr"));
        let output = output.map_err(|error| wrong(format!("{name} has no output that can be read: {error}")))?;
        let output = output.replace("$DIR/", "");
        Ok(Case { name, heading, source, output })
    };
    sources.map(case).collect()
}

/// Two equal headings would have one address in the book.
fn check_headings(cases: &[Case]) -> io::Result<()> {
    let mut seen = BTreeSet::new();
    match cases.iter().find(|case| !seen.insert(&case.heading)) {
        Some(case) => Err(wrong(format!("{}: another case has the same heading", case.name))),
        None => Ok(()),
    }
}

/// The address that mdBook gives a heading.
pub fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_');
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The text in lines of 120 columns at most.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= 120 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines.join("\n")
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn wrong(message: String) -> io::Error {
    io::Error::other(message)
}
