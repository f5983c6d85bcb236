//! `satwire capinfo`: what a journal holds, counted without playing it, or a capture of another program.

mod capture;
mod json;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use satwire_capture::Summary;
use satwire_capture::convert::Opened;
use satwire_core::Instant;
use satwire_core::peer::Direction;

use crate::cli::Capinfo;
use crate::plain::Plain;
use crate::replay::ending_trouble;
use crate::stderr::fail;

/// Prints what is in the file; what cannot be read of it is said at the end.
pub(crate) fn run(capinfo: &Capinfo) -> ExitCode {
    let name = capinfo.file.display();
    let (summary, damage) = match crate::capture::open(&capinfo.file, capinfo.import) {
        Ok(Opened::Journal(reader)) => Summary::read(*reader),
        Ok(Opened::Import(story)) => return capture::run(*story, capinfo),
        Err(trouble) => return fail(trouble),
    };
    let trouble = damage.map(|error| error.to_string()).or_else(|| ending_trouble(summary.ending));
    let whole = trouble.is_none();
    let mut out = io::stdout().lock();
    let printed = if capinfo.json {
        json::journal(&summary, whole, &mut out)
    } else {
        print(&name.to_string(), &summary, whole, &mut out)
    };
    ended(printed, trouble.map(|trouble| format!("{name}: {trouble}")))
}

/// How the program is to exit.
fn ended(printed: io::Result<()>, trouble: Option<String>) -> ExitCode {
    match (printed, trouble) {
        (Err(error), _) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        (Err(error), _) => fail(format_args!("cannot write to standard output: {error}")),
        (Ok(()), None) => ExitCode::SUCCESS,
        (Ok(()), Some(trouble)) => fail(trouble),
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
    if summary.files > 1 {
        writeln!(out, "files         {}", summary.files)?;
    }
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
    writeln!(out, "received      {:>12} {:>10} {:>12}", "command", "messages", "bytes")?;
    for (command, messages) in summary.messages() {
        let command = json::name(command);
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
