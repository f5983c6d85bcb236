//! What is printed and what is left out: the renderer, and the room that the printer has.

use satwire_core::Instant;
use satwire_core::node::Event;

use crate::output::{Failure, Flushed, Patience, Printer};
use crate::render::{Renderer, Traffic};

/// Rendered bytes that are handed on before anybody asks for it.
const HAND_ON: usize = 64 << 10;

/// Prints events, or counts them if the reader is too slow.
#[derive(Debug)]
pub(crate) struct Report {
    renderer: Renderer,
    printer: Printer,
    lines: Vec<u8>,
    /// Events left out since the last that was printed.
    dropped: u64,
}

impl Report {
    /// Starts with the first line.
    pub(crate) fn new(renderer: Renderer, printer: Printer, at: Instant) -> Self {
        let mut report = Self { renderer, printer, lines: Vec::new(), dropped: 0 };
        report.renderer.start(at, &mut report.lines);
        report
    }

    /// Prints an event, or leaves all of it out: a line that is numbered is printed.
    pub(crate) fn event(&mut self, event: &Event) {
        if !self.printer.has_room(self.lines.len()) {
            self.dropped += self.renderer.skip(event);
            return;
        }
        self.tell_gap(event.at);
        self.renderer.event(event, &mut self.lines);
        if self.lines.len() >= HAND_ON {
            self.printer.print(&mut self.lines);
        }
    }

    /// Hands on what was rendered. To be called when there are no more events for now.
    pub(crate) fn flush(&mut self, at: Instant) {
        if self.dropped > 0 && self.printer.has_room(self.lines.len()) {
            self.tell_gap(at);
        }
        self.printer.print(&mut self.lines);
    }

    /// Whether events were left out and that is not told yet.
    pub(crate) const fn has_gap(&self) -> bool {
        self.dropped > 0
    }

    /// Prints the last line and waits, within limits, until it is written.
    pub(crate) fn finish(mut self, at: Instant, traffic: Traffic, patience: Patience) -> Flushed {
        // These two are short, and there is nothing after them that needs the room.
        self.tell_gap(at);
        self.renderer.summary(at, traffic, &mut self.lines);
        self.printer.print(&mut self.lines);
        self.printer.finish(patience)
    }

    /// Why nothing more can be printed, if so.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.printer.failure()
    }

    fn tell_gap(&mut self, at: Instant) {
        if self.dropped > 0 {
            self.renderer.gap(at, self.dropped, &mut self.lines);
            self.dropped = 0;
        }
    }
}

#[cfg(test)]
mod tests;
