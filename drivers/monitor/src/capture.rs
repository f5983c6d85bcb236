//! Captures of other programs: opened, and observed.

use std::io::{self, Write};
use std::path::Path;

use satwire_capture::convert::{ImportOptions, Opened, Story};

use crate::cli::{Format, Until};
use crate::event_set::EventSet;
use crate::observing::Observing;
use crate::render::Renderer;

/// The name that the journal of an import gives to the program that made it.
pub(crate) const PROGRAM: &str = concat!("satwire ", env!("CARGO_PKG_VERSION"));

/// Which lines are printed, and up to when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    pub(crate) format: Format,
    /// Messages are told, too; for a journal, as it was recorded if nothing is said.
    pub(crate) debug_net: Option<bool>,
    /// The events that are told; for a journal, as it was recorded if nothing is said.
    pub(crate) events: Option<EventSet>,
    /// With their bytes.
    pub(crate) hex: Option<bool>,
    pub(crate) until: Option<Until>,
}

impl Lines {
    /// All usual events as JSON lines.
    pub(crate) const JSON: Self =
        Self { format: Format::Json, debug_net: None, events: None, hex: None, until: None };

    /// The events of an import that are told.
    fn told(self) -> EventSet {
        let told = self.events.unwrap_or_else(EventSet::usual);
        if self.debug_net == Some(true) { told.with_net() } else { told }
    }
}

/// Opens a journal, a capture or a folder.
pub(crate) fn open(path: &Path, options: ImportOptions) -> Result<Opened, String> {
    Opened::open(path, PROGRAM, options).map_err(|error| error.to_string())
}

/// Prints what a capture shows; what is wrong with it, if something is.
pub(crate) fn observe(story: Story, lines: Lines, mut out: impl Write) -> io::Result<Option<String>> {
    let renderer = Renderer::new(lines.format).with_hex(lines.hex == Some(true));
    let mut observing = Observing::new(story, lines.told(), renderer);
    let (mut text, mut troubles, mut stopped) = (Vec::new(), Vec::new(), false);
    observing.start(&mut text);
    while let Some(observation) = observing.read() {
        let observation = match observation {
            Ok(observation) => observation,
            Err(trouble) => {
                troubles.push(trouble);
                continue;
            }
        };
        let number = observing.number();
        if lines.until.is_some_and(|until| until.is_after(number, observation.at)) {
            stopped = true;
            break;
        }
        observing.tell(observation, &mut text);
        out.write_all(&text)?;
        text.clear();
        if lines.until == Some(Until::Record(number)) {
            stopped = true;
            break;
        }
    }
    observing.finish(&mut text);
    out.write_all(&text)?;
    out.flush()?;
    if !stopped {
        troubles.extend(observing.trouble());
    }
    Ok((!troubles.is_empty()).then(|| troubles.join("\nsatwire: ")))
}
