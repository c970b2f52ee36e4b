//! Names of variables and scopes: which are allowed, and which are near each other.

/// Why a name cannot be one, if so. `at_root` is whether no scope stands before it.
///
/// As TensorFlow has it (letters, digits, `_`, `.`, `-`, and at the root not `_` or `-` first), but without the `/`,
/// `\` and `>` that would make two names of one.
pub fn problem(name: &str, at_root: bool) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.contains('/') {
        Some("a `/` separates scopes; enter them one by one")
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
        Some("only letters, digits, `_`, `.` and `-` can be in it")
    } else if at_root && name.starts_with(['_', '-']) {
        Some("at the root it must begin with a letter, a digit or `.`")
    } else {
        None
    }
}

/// The candidate that is spelt most like a name, if any is spelt much like it.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bound = (name.chars().count() / 3).max(1) + 1;
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_tensorflow_without_its_slashes() {
        assert_eq!(problem("layer1.w-2", true), None);
        assert_eq!(problem("_v", false), None);
        for (name, at_root) in [("", false), ("a/b", false), ("a b", false), ("v:0", false), ("_v", true), ("ü", true)]
        {
            assert!(problem(name, at_root).is_some(), "{name}");
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["layer1/weights", "layer1/biases"];
        assert_eq!(nearest("layer1/wieghts", names.into_iter()), Some("layer1/weights"));
        assert_eq!(nearest("u", ["v"].into_iter()), Some("v"));
        assert_eq!(nearest("decoder", names.into_iter()), None);
    }
}
