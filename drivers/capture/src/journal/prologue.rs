//! The first record: what the node was made of.

use satwire_core::wire::Services;
use satwire_core::{Config, Magic, WallClock};

use super::codec::{Fields, put_bytes, put_duration, put_signed, put_varint};
use super::record::{Drawn, Unsupported, put_drawn, take_draws};
use super::{ErrorKind, MAX_REMEMBERED};

/// What a node was made of: enough to make the same one again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prologue {
    /// Name and version of the program that recorded. For people; nothing depends on it.
    pub program: String,
    /// The node's configuration.
    pub config: Config,
    /// The node's wall clock at the start.
    pub clock: WallClock,
    /// The random words that the node drew when it was made.
    pub draws: Vec<Drawn>,
}

impl Prologue {
    /// What is known before the node is made. The recorder adds the draws.
    pub fn new(program: impl Into<String>, config: Config, clock: WallClock) -> Self {
        Self { program: program.into(), config, clock, draws: Vec::new() }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unsupported> {
        put_bytes(out, self.program.as_bytes());
        put_signed(out, self.clock.unix_micros_at_zero);
        put_config(out, &self.config)?;
        put_varint(out, self.draws.len() as u64);
        for drawn in &self.draws {
            put_drawn(out, *drawn)?;
        }
        Ok(())
    }

    pub(super) fn decode(fields: &mut Fields<'_>) -> Result<Self, ErrorKind> {
        let program = fields.text("program")?;
        let clock = WallClock { unix_micros_at_zero: fields.signed("wall clock")? };
        let config = take_config(fields)?;
        let mut draws = Vec::new();
        take_draws(fields, &mut draws)?;
        fields.end()?;
        Ok(Self { program, config, clock, draws })
    }
}

/// How many fields a configuration has. A later format appends, and counts up.
const CONFIG_FIELDS: u64 = 16;

/// Appends the count of fields, and the fields in the order of their declaration.
fn put_config(out: &mut Vec<u8>, config: &Config) -> Result<(), Unsupported> {
    // Taken apart by name, so that a new field cannot be forgotten here.
    let Config {
        magic,
        user_agent,
        services,
        connect_timeout,
        outbound_handshake_timeout,
        inbound_handshake_timeout,
        ping_interval,
        ping_timeout,
        request_timeout,
        tolerated_malformed,
        max_unsent,
        inbound_slots,
        max_announcements,
        remembered_ids,
        redial_min,
        redial_max,
        ..
    } = config;
    if *remembered_ids > MAX_REMEMBERED {
        return Err(Unsupported);
    }
    put_varint(out, CONFIG_FIELDS);
    out.extend_from_slice(&magic.0);
    put_bytes(out, user_agent.as_bytes());
    put_varint(out, services.0);
    put_duration(out, *connect_timeout);
    put_duration(out, *outbound_handshake_timeout);
    put_duration(out, *inbound_handshake_timeout);
    put_duration(out, *ping_interval);
    put_duration(out, *ping_timeout);
    put_duration(out, *request_timeout);
    out.push(*tolerated_malformed);
    for number in [max_unsent, inbound_slots, max_announcements, remembered_ids] {
        put_varint(out, *number as u64);
    }
    put_duration(out, *redial_min);
    put_duration(out, *redial_max);
    Ok(())
}

fn take_config(fields: &mut Fields<'_>) -> Result<Config, ErrorKind> {
    let count = fields.varint("number of configuration fields")?;
    if count > CONFIG_FIELDS {
        return Err(fields.unknown("configuration field", CONFIG_FIELDS + 1));
    }
    if count < CONFIG_FIELDS {
        return Err(ErrorKind::not("number of configuration fields", count, CONFIG_FIELDS));
    }
    let size = usize::MAX as u64;
    Ok(Config {
        magic: Magic(fields.array("magic")?),
        user_agent: fields.text("user agent")?,
        services: Services(fields.varint("services")?),
        connect_timeout: fields.duration("connect timeout")?,
        outbound_handshake_timeout: fields.duration("outbound handshake timeout")?,
        inbound_handshake_timeout: fields.duration("inbound handshake timeout")?,
        ping_interval: fields.duration("ping interval")?,
        ping_timeout: fields.duration("ping timeout")?,
        request_timeout: fields.duration("request timeout")?,
        tolerated_malformed: fields.byte("tolerated malformed messages")?,
        max_unsent: fields.at_most("unsent bytes", size)? as usize,
        inbound_slots: fields.at_most("inbound slots", size)? as usize,
        max_announcements: fields.at_most("announcements", size)? as usize,
        // The node reserves their memory at the start: a number in a file must not decide how much.
        remembered_ids: fields.at_most("remembered ids", MAX_REMEMBERED as u64)? as usize,
        redial_min: fields.duration("least redial wait")?,
        redial_max: fields.duration("longest redial wait")?,
        ..Config::default()
    })
}
