//! The root package is there for its tests. Here is only what makes the examples of the README
//! tests as well.

/// The README's examples are compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
