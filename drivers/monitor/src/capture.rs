//! Captures of other programs: opened, and observed.

use std::io::{self, Write};
use std::path::Path;

use satwire_capture::convert::{ImportOptions, Observer, Opened, Story};
use satwire_capture::journal::{Observed, Way};
use satwire_core::{Instant, Network};

use crate::cli::{Format, Until};
use crate::model::{Model, Traffic};
use crate::render::Renderer;

/// What the journal of an import says of who made it.
pub(crate) const PROGRAM: &str = concat!("satwire ", env!("CARGO_PKG_VERSION"));

/// Which lines are printed, and up to when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    pub(crate) format: Format,
    /// Messages are told, too; for a journal, as it was recorded if nothing is said.
    pub(crate) debug_net: Option<bool>,
    /// With their bytes.
    pub(crate) hex: Option<bool>,
    pub(crate) until: Option<Until>,
}

/// Opens a journal, a capture or a folder.
pub(crate) fn open(path: &Path, options: ImportOptions) -> Result<Opened, String> {
    Opened::open(path, PROGRAM, options).map_err(|error| error.to_string())
}

/// Prints what a capture shows; what is wrong with it, if something is.
pub(crate) fn observe(mut story: Story, lines: Lines, mut out: impl Write) -> io::Result<Option<String>> {
    let prologue = story.prologue();
    let debug_net = lines.debug_net == Some(true);
    let network = Network::from_magic(prologue.config.magic).unwrap_or(Network::Signet);
    let part = prologue.continuation.as_ref().map(|continuation| continuation.part);
    let mut model = Model::new(network, prologue.clock, debug_net).from_part(part);
    let mut renderer = Renderer::new(lines.format).with_hex(lines.hex == Some(true));
    let mut observer = Observer::new(prologue);
    if debug_net {
        observer = observer.with_messages();
    }
    let (mut text, mut at, mut traffic) = (Vec::new(), Instant::ZERO, Traffic::default());
    let (mut troubles, mut stopped) = (Vec::new(), false);
    renderer.entry(&model.start(at), &mut text);
    while let Some(observation) = story.next() {
        let observation = match observation {
            Ok(observation) => observation,
            Err(error) => {
                troubles.push(error.to_string());
                continue;
            }
        };
        let number = story.number();
        if lines.until.is_some_and(|until| until.is_after(number, observation.at)) {
            stopped = true;
            break;
        }
        at = observation.at;
        match &observation.what {
            Observed::Bytes(Way::Received, bytes) => traffic.received += bytes.len() as u64,
            Observed::Bytes(Way::Sent, bytes) => traffic.sent += bytes.len() as u64,
            _ => {}
        }
        observer.observe(observation);
        tell(&mut observer, &mut model, &mut renderer, &mut text);
        out.write_all(&text)?;
        text.clear();
        if lines.until == Some(Until::Record(number)) {
            stopped = true;
            break;
        }
    }
    observer.finish();
    tell(&mut observer, &mut model, &mut renderer, &mut text);
    renderer.entry(&model.summary(at, traffic), &mut text);
    out.write_all(&text)?;
    out.flush()?;
    if !stopped {
        troubles.extend(story.trouble());
    }
    Ok((!troubles.is_empty()).then(|| troubles.join("\nsatwire: ")))
}

fn tell(observer: &mut Observer, model: &mut Model, renderer: &mut Renderer, text: &mut Vec<u8>) {
    while let Some(finding) = observer.poll() {
        if let Some(entry) = model.finding(finding) {
            renderer.entry(&entry, text);
        }
    }
}
