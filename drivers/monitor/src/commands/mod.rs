//! The verbs, a file or a folder each.

pub(crate) mod capinfo;
pub(crate) mod convert;
pub(crate) mod decoderawtransaction;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod replay;
pub(crate) mod watch;
