//! The keys of a `message` event.

use serde::Serialize;

use super::message::{Label, Labels, Reading};
use crate::messages::Seen;

/// A message as programs read it.
#[derive(Serialize)]
pub(super) struct MessageLine {
    direction: &'static str,
    command: String,
    bytes: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    malformed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<SeenField>>,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
}

#[derive(Serialize)]
struct SeenField {
    offset: usize,
    hex: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    says: String,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
}

impl SeenField {
    fn new(label: Label) -> Self {
        let Label { offset, hex, name, says, more } = label;
        Self { offset, hex, name, says, left_out: more }
    }
}

impl MessageLine {
    /// The keys of a message; with its fields, if they are wanted.
    pub(super) fn new(seen: &Seen, hex: bool) -> Self {
        let Reading { command, bytes, says, malformed } = Reading::of(seen);
        let labels = if hex { Labels::of(seen) } else { Labels::default() };
        Self {
            direction: seen.way.as_str(),
            command: command.to_string(),
            bytes,
            says: (!says.is_empty()).then_some(says),
            malformed,
            fields: hex.then(|| labels.labels.into_iter().map(SeenField::new).collect()),
            left_out: labels.more,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}
