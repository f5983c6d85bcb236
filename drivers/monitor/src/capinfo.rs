//! `satwire capinfo`: what a journal holds, counted without playing it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use satwire_capture::Summary;
use satwire_capture::journal::Reader;
use satwire_core::Instant;
use satwire_core::peer::Direction;

use crate::plain::Plain;
use crate::replay::ending_trouble;
use crate::stderr::fail;

/// Prints what is in the file; what cannot be read of it is said at the end.
pub(crate) fn run(file: &Path) -> ExitCode {
    let name = file.display();
    let opened = File::open(file).map_err(|error| format!("cannot open {name}: {error}"));
    let reader = opened.and_then(|file| Reader::new(file).map_err(|error| format!("{name}: {error}")));
    let (summary, damage) = match reader {
        Ok(reader) => Summary::read(reader),
        Err(trouble) => return fail(trouble),
    };
    let trouble = damage.map(|error| error.to_string()).or_else(|| ending_trouble(summary.ending));
    match print(&name.to_string(), &summary, trouble.is_none(), &mut io::stdout().lock()) {
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
            Direction::Outbound => "dialled",
            Direction::Inbound => "accepted",
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

/// Seconds with six decimals, of microseconds.
fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
}

fn since_start(at: Instant) -> String {
    seconds(at.as_micros().cast_signed())
}
