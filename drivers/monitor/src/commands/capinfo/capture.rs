//! The contents of a capture that another program made.

use std::io::{self, Write};
use std::process::ExitCode;

use satwire_capture::convert::{Contents, LOSSES, Losses, Story};
use satwire_capture::journal::{Origin, Way};
use satwire_core::peer::Direction;

use super::json::{self, chain, name};
use super::{ended, seconds, since_start};
use crate::cli::Capinfo;
use crate::plain::Plain;

/// Prints what is in the capture; what cannot be read of it is said at the end.
pub(super) fn run(mut story: Story, capinfo: &Capinfo) -> ExitCode {
    let (contents, errors) = Contents::read(&mut story);
    let mut troubles: Vec<_> = errors.iter().map(ToString::to_string).collect();
    troubles.extend(story.trouble());
    let whole = troubles.is_empty();
    let mut out = io::stdout().lock();
    let printed = if capinfo.json {
        json::capture(&story, &contents, whole, &mut out)
    } else {
        print(&capinfo.file.display().to_string(), &story, &contents, whole, &mut out)
    };
    ended(printed, (!whole).then(|| troubles.join("\nsatwire: ")))
}

/// `pcap`, or `journal 2.0 of a pcap`.
pub(super) fn format(story: &Story) -> String {
    let prologue = story.prologue();
    if let (Some(continuation), Some(version)) = (&prologue.continuation, story.journal_format()) {
        return format!("journal {version}, from file {} on", continuation.part);
    }
    let origin = prologue.origin.map_or("", Origin::as_str);
    match story.journal_format() {
        Some(version) => format!("journal {version} of a {origin}"),
        None => origin.into(),
    }
}

fn print(
    file: &str,
    story: &Story,
    contents: &Contents,
    whole: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let prologue = story.prologue();
    let is_part = prologue.continuation.is_some();
    writeln!(out, "file          {file}")?;
    writeln!(out, "format        {}", format(story))?;
    writeln!(out, "network       {}", chain(prologue.config.magic))?;
    let user_agent = &prologue.config.user_agent;
    if !user_agent.is_empty() {
        writeln!(out, "user agent    {}", Plain(user_agent))?;
    }
    writeln!(out, "begins        {} (Unix seconds)", seconds(prologue.clock.unix_micros_at_zero))?;
    if let Some((first, last)) = contents.span {
        writeln!(out, "time span     {} s to {} s", since_start(first), since_start(last))?;
    }
    writeln!(out, "whole         {}", if whole { "yes" } else { "no" })?;
    packets(story.losses(), out)?;
    for loss in &contents.losses {
        let bytes = loss.bytes.map_or_else(|| "bytes".into(), |bytes| format!("{bytes} bytes"));
        let (conn, at, way) = (loss.conn, since_start(loss.at), loss.way.as_str());
        writeln!(out, "lost          {bytes} of {conn} ({way}) before {at} s")?;
    }
    if contents.losses.len() == LOSSES {
        writeln!(out, "lost          more may be")?;
    }
    writeln!(out, "connections   {}", contents.connections.len())?;
    for (conn, counted) in &contents.connections {
        let how = match counted.direction {
            Direction::Outbound => "dialled",
            Direction::Inbound => "accepted from",
        };
        let [received, sent] = counted.bytes;
        let us = counted.us.map(|us| format!(" by {us}")).unwrap_or_default();
        let at = since_start(counted.opened);
        write!(out, "  {conn:<4} {how} {}{us} at {at} s, {received} bytes in", Plain(&counted.peer))?;
        if !is_part {
            write!(out, ", {sent} out")?;
        }
        writeln!(out, "{}", if counted.adopted { ", before the capture began" } else { "" })?;
        if counted.is_opaque() {
            writeln!(out, "       no messages: encrypted (BIP324), or no Bitcoin")?;
        }
    }
    for (way, title) in [(Way::Received, "received"), (Way::Sent, "sent")] {
        if is_part && way == Way::Sent {
            writeln!(out, "sent          not in a journal")?;
            continue;
        }
        writeln!(out, "{title:<13} {:>12} {:>10} {:>12}", "command", "messages", "bytes")?;
        for (command, messages) in contents.messages(way) {
            let command = name(command);
            writeln!(out, "              {command:>12} {:>10} {:>12}", messages.count, messages.payload)?;
        }
    }
    Ok(())
}

/// The packets of a file, and those of which not all was taken.
fn packets(losses: Losses, out: &mut impl Write) -> io::Result<()> {
    let Losses { packets, not_tcp, fragments, malformed, cut, foreign, backwards, .. } = losses;
    if packets == 0 {
        return Ok(());
    }
    writeln!(out, "packets       {packets}")?;
    for (count, what) in [
        (not_tcp, "are not TCP over IP"),
        (fragments, "are parts of IP packets"),
        (malformed, "are malformed, or were captured too briefly"),
        (cut, "were captured in part"),
        (foreign, "are of a kind of network that is not read"),
        (backwards, "are earlier than the packet before"),
    ] {
        if count > 0 {
            writeln!(out, "              {count} {what}")?;
        }
    }
    Ok(())
}
