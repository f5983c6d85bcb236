//! The first record: what the node was made of, and how its program showed what it did.

use std::fmt;

use satwire_core::{Config, WallClock};

use super::codec::{Fields, put_bytes, put_signed, put_varint};
use super::config::{put_config, take_config, take_config_1_0};
use super::input::Unsupported;
use super::record::{Drawn, put_drawn, take_draws};
use super::{Continuation, ErrorKind, MAX_OPTIONS, Origin, Version};

/// The making of a node: enough to make the same one again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prologue {
    /// Name and version of the program that recorded. For people; nothing depends on it.
    pub program: String,
    /// The node's configuration.
    pub config: Config,
    /// The node's wall clock at the start.
    pub clock: WallClock,
    /// The random words that the node drew when it was made.
    pub draws: Vec<Drawn>,
    /// The options that decided how the program showed what the node told, as names and values in its own words and
    /// order: with them a replay prints the same without being told how. At most [`MAX_OPTIONS`] are recorded.
    pub options: Vec<(String, String)>,
    /// The capture of another program that this is an import of. Then there are observations and no steps.
    pub origin: Option<Origin>,
    /// The place of the file in a journal that is kept in several, unless it is the first.
    pub continuation: Option<Box<Continuation>>,
    /// Parts that this program does not know of a journal that was read: see [`Unknown`]. It is not written.
    pub unknown: Vec<Unknown>,
}

/// A field of a prologue that this program does not know, because a newer one has written it.
///
/// A field is written only if the node acted by it otherwise than a node without the field would. So a replay by
/// this program may differ from what was recorded; it is compared with that all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// A field of what.
    what: &'static str,
    /// Its number.
    pub number: u64,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.number)
    }
}

impl Unknown {
    /// Notes a field and passes over its value.
    pub(super) fn note(
        unknown: &mut Vec<Self>,
        what: &'static str,
        number: u64,
        value: &mut Fields<'_>,
        most: usize,
    ) -> Result<(), ErrorKind> {
        value.rest();
        unknown.push(Self { what, number });
        if unknown.len() > most {
            return Err(ErrorKind::above("unknown fields", unknown.len() as u64, most as u64));
        }
        Ok(())
    }
}

/// The fields of a prologue.
mod field {
    pub(super) const PROGRAM: u64 = 1;
    pub(super) const CLOCK: u64 = 2;
    pub(super) const CONFIG: u64 = 3;
    pub(super) const DRAWS: u64 = 4;
    pub(super) const OPTIONS: u64 = 5;
    pub(super) const ORIGIN: u64 = 6;
    pub(super) const CONTINUATION: u64 = 7;
}

/// The most fields of a prologue that are passed over.
const MAX_UNKNOWN: usize = 256;

impl Prologue {
    /// The facts known before the node is made. The recorder adds the draws.
    pub fn new(program: impl Into<String>, config: Config, clock: WallClock) -> Self {
        let (draws, options, unknown) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            program: program.into(),
            config,
            clock,
            draws,
            options,
            origin: None,
            continuation: None,
            unknown,
        }
    }

    /// The same with these options.
    #[must_use]
    pub fn with_options(self, options: Vec<(String, String)>) -> Self {
        Self { options, ..self }
    }

    /// Returns the value of the first option with this name.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unsupported> {
        if self.options.len() > MAX_OPTIONS {
            return Err(Unsupported);
        }
        let mut value = Vec::new();
        let mut put = |number, value: &mut Vec<u8>| {
            if !value.is_empty() {
                put_varint(out, number);
                put_bytes(out, value);
            }
            value.clear();
        };
        value.extend_from_slice(self.program.as_bytes());
        put(field::PROGRAM, &mut value);
        put_signed(&mut value, self.clock.unix_micros_at_zero);
        put(field::CLOCK, &mut value);
        put_config(&mut value, &self.config)?;
        put(field::CONFIG, &mut value);
        if !self.draws.is_empty() {
            put_varint(&mut value, self.draws.len() as u64);
            self.draws.iter().try_for_each(|drawn| put_drawn(&mut value, *drawn))?;
        }
        put(field::DRAWS, &mut value);
        for (name, text) in &self.options {
            put_bytes(&mut value, name.as_bytes());
            put_bytes(&mut value, text.as_bytes());
        }
        put(field::OPTIONS, &mut value);
        self.origin.iter().for_each(|origin| put_varint(&mut value, origin.number()));
        put(field::ORIGIN, &mut value);
        if let Some(continuation) = &self.continuation {
            continuation.encode(&mut value);
        }
        put(field::CONTINUATION, &mut value);
        Ok(())
    }

    pub(super) fn decode(fields: &mut Fields<'_>) -> Result<Self, ErrorKind> {
        if fields.format < Version::V2_0 {
            return Self::decode_1_0(fields);
        }
        let mut prologue = Self::new("", Config::default(), WallClock::default());
        let (mut config, mut unknown) = (None, Vec::new());
        fields.each_numbered("prologue field", |number, value| {
            match number {
                field::PROGRAM => prologue.program = value.rest_text("program")?,
                field::CLOCK => prologue.clock.unix_micros_at_zero = value.signed("wall clock")?,
                field::CONFIG => config = Some(take_config(value, &mut unknown)?),
                field::DRAWS => take_draws(value, &mut prologue.draws)?,
                field::OPTIONS => take_options(value, &mut prologue.options)?,
                field::CONTINUATION => prologue.continuation = Some(Box::new(Continuation::take(value)?)),
                field::ORIGIN => prologue.origin = Some(Origin::take(value)?),
                _ => Unknown::note(&mut unknown, "prologue field", number, value, MAX_UNKNOWN)?,
            }
            Ok(())
        })?;
        let config = config.ok_or(ErrorKind::Missing("the configuration"))?;
        Ok(Self { config, unknown, ..prologue })
    }

    /// Program · wall clock · configuration · draws.
    fn decode_1_0(fields: &mut Fields<'_>) -> Result<Self, ErrorKind> {
        let program = fields.text("program")?;
        let clock = WallClock { unix_micros_at_zero: fields.signed("wall clock")? };
        let mut prologue = Self::new(program, take_config_1_0(fields)?, clock);
        take_draws(fields, &mut prologue.draws)?;
        fields.end()?;
        Ok(prologue)
    }
}

/// Names and values, up to the end.
fn take_options(fields: &mut Fields<'_>, options: &mut Vec<(String, String)>) -> Result<(), ErrorKind> {
    while fields.left() > 0 {
        if options.len() == MAX_OPTIONS {
            return Err(ErrorKind::above("number of options", MAX_OPTIONS as u64 + 1, MAX_OPTIONS as u64));
        }
        let name = fields.text("name of an option")?;
        options.push((name, fields.text("value of an option")?));
    }
    Ok(())
}
