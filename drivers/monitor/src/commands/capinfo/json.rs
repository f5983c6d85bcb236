//! The contents of a file as one JSON object. The keys and their meaning are an interface.

use std::collections::BTreeMap;
use std::io::{self, Write};

use satwire_capture::convert::{Contents, Story};
use satwire_capture::journal::Way;
use satwire_capture::{Messages, Summary};
use satwire_core::peer::Direction;
use satwire_core::wire::Command;
use satwire_core::{Magic, Network};
use serde::Serialize;

use crate::plain::Plain;

/// The content of a journal or a capture.
///
/// In a journal of our own the addresses of connections that the node dialled are missing, and what it sent: a replay
/// knows them.
#[derive(Serialize)]
struct Info {
    format: String,
    chain: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    begin: Option<i64>,
    end: Option<i64>,
    whole: bool,
    /// The files of a journal that is kept in several.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<u32>,
    /// Parts that are missing in the middle: of a journal there are none, or it is not read further.
    losses: Vec<Lost>,
    connections: Vec<Connection>,
    commands: BTreeMap<String, Directions>,
}

#[derive(Serialize)]
struct Lost {
    connection: u64,
    direction: &'static str,
    time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct Connection {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    addr: Option<String>,
    /// Our own end.
    #[serde(skip_serializing_if = "Option::is_none")]
    addrbind: Option<String>,
    inbound: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    adopted: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    opaque: bool,
    begin: i64,
    bytesrecv: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytessent: Option<u64>,
}

#[derive(Default, Serialize)]
struct Directions {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#in: Option<Counted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<Counted>,
}

#[derive(Default, Serialize)]
struct Counted {
    messages: u64,
    bytes: u64,
}

impl From<Messages> for Counted {
    fn from(messages: Messages) -> Self {
        Self { messages: messages.count, bytes: messages.payload }
    }
}

/// Prints what is in a journal of our own.
pub(super) fn journal(summary: &Summary, whole: bool, out: &mut impl Write) -> io::Result<()> {
    let prologue = &summary.prologue;
    let time = |at| prologue.clock.unix_micros(at);
    let connections = summary.connections.iter().map(|(conn, connection)| Connection {
        id: conn.0,
        addr: connection.addr.map(|addr| addr.to_string()),
        addrbind: None,
        inbound: connection.direction == Direction::Inbound,
        adopted: false,
        opaque: false,
        begin: time(connection.opened),
        bytesrecv: connection.received,
        bytessent: None,
    });
    let mut commands = BTreeMap::new();
    add(&mut commands, summary.messages(), Way::Received);
    let info = Info {
        format: format!("journal {}", summary.format),
        chain: chain(prologue.config.magic),
        program: Some(Plain(&prologue.program).to_string()),
        begin: summary.span.map(|(first, _)| time(first)),
        end: summary.span.map(|(_, last)| time(last)),
        whole,
        files: (summary.files > 1).then_some(summary.files),
        losses: Vec::new(),
        connections: connections.collect(),
        commands,
    };
    print(&info, out)
}

/// Prints what is in the capture of another program.
pub(super) fn capture(
    story: &Story,
    contents: &Contents,
    whole: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let prologue = story.prologue();
    let time = |at| prologue.clock.unix_micros(at);
    // A journal holds what came.
    let is_part = prologue.continuation.is_some();
    let connections = contents.connections.iter().map(|(conn, counted)| Connection {
        id: conn.0,
        addr: Some(Plain(&counted.peer).to_string()),
        addrbind: counted.us.map(|us| us.to_string()),
        inbound: counted.direction == Direction::Inbound,
        adopted: counted.adopted,
        opaque: counted.is_opaque(),
        begin: time(counted.opened),
        bytesrecv: counted.bytes[Way::Received as usize],
        bytessent: (!is_part).then_some(counted.bytes[Way::Sent as usize]),
    });
    let losses = contents.losses.iter().map(|loss| Lost {
        connection: loss.conn.0,
        direction: loss.way.as_str(),
        time: time(loss.at),
        bytes: loss.bytes,
    });
    let mut commands = BTreeMap::new();
    for way in Way::BOTH {
        add(&mut commands, contents.messages(way), way);
    }
    // Both directions were captured: what is not there was not sent.
    for Directions { r#in, out } in commands.values_mut() {
        r#in.get_or_insert_default();
        if !is_part {
            out.get_or_insert_default();
        }
    }
    let info = Info {
        format: super::capture::format(story),
        chain: chain(prologue.config.magic),
        program: story.journal_format().map(|_| Plain(&prologue.program).to_string()),
        begin: contents.span.map(|(first, _)| time(first)),
        end: contents.span.map(|(_, last)| time(last)),
        whole,
        files: None,
        losses: losses.collect(),
        connections: connections.collect(),
        commands,
    };
    print(&info, out)
}

/// The name of a network, or its magic.
pub(super) fn chain(magic: Magic) -> String {
    Network::from_magic(magic).map_or_else(|| magic.to_string(), |network| network.to_string())
}

/// The name of a command, as it is shown.
pub(super) fn name(command: Option<Command>) -> String {
    command.map_or_else(|| "(malformed)".into(), |command| command.to_string())
}

fn add(commands: &mut BTreeMap<String, Directions>, messages: BTreeMap<Option<Command>, Messages>, way: Way) {
    for (command, messages) in messages {
        let directions = commands.entry(name(command)).or_default();
        match way {
            Way::Received => directions.r#in = Some(messages.into()),
            Way::Sent => directions.out = Some(messages.into()),
        }
    }
}

fn print(info: &Info, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, info)?;
    writeln!(out)
}
