//! `satwire capinfo`: what a journal holds, counted without playing it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use satwire_capture::Summary;
use satwire_capture::journal::Reader;
use satwire_core::peer::Direction;
use satwire_core::{Instant, Network};
use serde::Serialize;

use super::replay::ending_trouble;
use crate::cli::Capinfo;
use crate::plain::Plain;
use crate::stderr::fail;

/// Prints what is in the file; what cannot be read of it is said at the end.
pub(crate) fn run(capinfo: &Capinfo) -> ExitCode {
    let name = capinfo.file.display();
    let opened = File::open(&capinfo.file).map_err(|error| format!("cannot open {name}: {error}"));
    let reader = opened.and_then(|file| Reader::new(file).map_err(|error| format!("{name}: {error}")));
    let (summary, damage) = match reader {
        Ok(reader) => Summary::read(reader),
        Err(trouble) => return fail(trouble),
    };
    let trouble = damage.map(|error| error.to_string()).or_else(|| ending_trouble(summary.ending));
    let whole = trouble.is_none();
    let mut out = io::stdout().lock();
    let printed = if capinfo.json {
        print_json(&summary, whole, &mut out)
    } else {
        print(&name.to_string(), &summary, whole, &mut out)
    };
    match printed {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(error) => return fail(format_args!("cannot write to standard output: {error}")),
        Ok(()) => {}
    }
    match trouble {
        None => ExitCode::SUCCESS,
        Some(trouble) => fail(format_args!("{name}: {trouble}")),
    }
}

fn print(name: &str, summary: &Summary, whole: bool, out: &mut impl Write) -> io::Result<()> {
    let prologue = &summary.prologue;
    writeln!(out, "file          {name}")?;
    writeln!(out, "format        satwire journal {}", summary.format)?;
    writeln!(out, "program       {}", Plain(&prologue.program))?;
    writeln!(out, "network       {}", prologue.config.magic)?;
    writeln!(out, "user agent    {}", Plain(&prologue.config.user_agent))?;
    writeln!(out, "begins        {} (Unix seconds)", seconds(prologue.clock.unix_micros_at_zero))?;
    for (name, value) in &prologue.options {
        writeln!(out, "shown with    {}={}", Plain(name), Plain(value))?;
    }
    for field in &prologue.unknown {
        writeln!(out, "unknown       {field}: a newer program has written it")?;
    }
    if let Some((first, last)) = summary.span {
        writeln!(out, "time span     {} s to {} s", since_start(first), since_start(last))?;
    }
    writeln!(
        out,
        "size          {} bytes, {} records, {} inputs",
        summary.bytes, summary.records, summary.steps
    )?;
    writeln!(out, "whole         {}", if whole { "yes" } else { "no" })?;
    writeln!(
        out,
        "connections   {}, and {} that could not be made",
        summary.connections.len(),
        summary.failed_dials
    )?;
    for (conn, connection) in &summary.connections {
        let direction = match connection.direction {
            Direction::Inbound => "accepted",
            _ => "dialled",
        };
        write!(
            out,
            "  {conn:<4} {direction} at {} s, {} bytes",
            since_start(connection.opened),
            connection.received
        )?;
        match connection.addr {
            Some(addr) => writeln!(out, " from {addr}")?,
            None => writeln!(out)?,
        }
        if let Some(offset) = connection.broken_at {
            writeln!(out, "       no messages from byte {offset} of its stream on: not this network's")?;
        }
    }
    let received: BTreeMap<_, _> = summary.messages();
    writeln!(out, "received      {:>12} {:>10} {:>12}", "command", "messages", "bytes")?;
    for (command, messages) in received {
        let command = command.map_or_else(|| "(malformed)".into(), |command| command.to_string());
        writeln!(out, "              {command:>12} {:>10} {:>12}", messages.count, messages.payload)?;
    }
    writeln!(out, "sent          not in a journal: 'satwire replay' shows what the node said")
}

/// The same as one JSON object. Of connections that the node dialled the address is not in a journal, and of messages
/// those that were sent are not: a replay knows them.
#[derive(Serialize)]
struct Info {
    format: String,
    chain: String,
    program: String,
    begin: Option<i64>,
    end: Option<i64>,
    whole: bool,
    /// Parts that are missing in its middle: of a journal there are none, or it is not read further.
    losses: [(); 0],
    connections: Vec<ConnectionInfo>,
    commands: BTreeMap<String, Directions>,
}

#[derive(Serialize)]
struct ConnectionInfo {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    addr: Option<String>,
    inbound: bool,
    begin: i64,
    bytesrecv: u64,
}

#[derive(Serialize)]
struct Directions {
    r#in: Counted,
}

#[derive(Serialize)]
struct Counted {
    messages: u64,
    bytes: u64,
}

fn print_json(summary: &Summary, whole: bool, out: &mut impl Write) -> io::Result<()> {
    let prologue = &summary.prologue;
    let magic = prologue.config.magic;
    let time = |at| prologue.clock.unix_micros(at);
    let connections = summary.connections.iter().map(|(conn, connection)| ConnectionInfo {
        id: conn.0,
        addr: connection.addr.map(|addr| addr.to_string()),
        inbound: connection.direction == Direction::Inbound,
        begin: time(connection.opened),
        bytesrecv: connection.received,
    });
    let commands = summary.messages().into_iter().map(|(command, messages)| {
        let name = command.map_or_else(|| "(malformed)".into(), |command| command.to_string());
        (name, Directions { r#in: Counted { messages: messages.count, bytes: messages.payload } })
    });
    let info = Info {
        format: format!("journal {}", summary.format),
        chain: Network::from_magic(magic).map_or_else(|| magic.to_string(), |network| network.to_string()),
        program: Plain(&prologue.program).to_string(),
        begin: summary.span.map(|(first, _)| time(first)),
        end: summary.span.map(|(_, last)| time(last)),
        whole,
        losses: [],
        connections: connections.collect(),
        commands: commands.collect(),
    };
    serde_json::to_writer(&mut *out, &info)?;
    writeln!(out)
}

/// Seconds with six decimals, of microseconds.
fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

fn since_start(at: Instant) -> String {
    seconds(at.as_micros().cast_signed())
}
