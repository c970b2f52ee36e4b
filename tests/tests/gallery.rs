//! The gallery of mistakes in the book is that of `ui`.

use std::fs;

use varscope_tests::gallery;

#[test]
fn the_gallery_is_current() {
    let again = "write it again: cargo run -p varscope-tests --bin gallery";
    let pages = gallery::generate().unwrap();
    for (path, text) in &pages {
        let there = fs::read_to_string(gallery::book().join(path)).unwrap_or_default();
        assert!(there == *text, "docs/src/{} is not current; {again}", path.display());
    }
    let files = fs::read_dir(gallery::book().join("gallery")).unwrap().count();
    assert_eq!(files + 1, pages.len(), "docs/src/gallery has a page that is no longer made; {again}");
}

/// What is in a case is in the page as it is, so that nothing of it must be able to end the block that it stands in.
#[test]
fn no_case_has_a_fence() {
    for (path, text) in gallery::generate().unwrap() {
        let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
        let blocks = text.matches("\n```rust,compile_fail\n").count() + text.matches("\n```text\n").count();
        assert_eq!(fences, 2 * blocks, "docs/src/{}", path.display());
    }
}
