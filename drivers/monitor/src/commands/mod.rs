//! What the program can do, a verb a file.

pub(crate) mod decoderawtransaction;
