//! Checks that every op can be put to.
