//! `satwire demo`: the whole pipeline without a network.
//!
//! A peer inside the process listens on a loopback port and plays what a real btcd sent; the ordinary
//! driver dials it and reports, as `watch` does.

mod peer;
mod playback;

use std::process::ExitCode;

use satwire_capture::journal::{OwnedInput, Reader, Record};
use satwire_core::node::{Address, ConnId, EventKind};
use satwire_core::{Config, Network};
use satwire_mio::Driver;

use self::peer::Ending;
use self::playback::{Script, ScriptWriter};
use crate::cli::Demo;
use crate::event_set::EventSet;
use crate::record::RunEnvironment;
use crate::run::{Ended, Run, Show};
use crate::stderr::fail;

/// The bytes that btcd sent when transactions of all kinds were made on its simnet; how it was recorded stands
/// in `recording.md` beside it.
const RECORDING: &[u8] = include_bytes!("recording.journal");

/// Runs until everything that was recorded has been said.
pub(crate) fn run(demo: Demo) -> ExitCode {
    match play(demo) {
        Ok(code) => code,
        Err(error) => fail(format_args!("the demo failed: {error}")),
    }
}

fn play(demo: Demo) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let script = script(RECORDING)?;
    let (addr, peer) = peer::start(script, demo.speed)?;
    let Demo { format, debug_net, hex, .. } = demo;
    let environment = RunEnvironment::plain()?.with_messages(debug_net, Network::Simnet.magic());
    let driver = Driver::new(Config::new(Network::Simnet), environment)?;
    let told = if debug_net { EventSet::usual().with_net() } else { EventSet::usual() };
    let show = Show { network: Network::Simnet, format, told, hex, report: None, quiet: false };
    let mut run = Run::start(driver, show)?;
    run.driver.dial(Address::Socket(addr));
    // The recorded peer hangs up when it has nothing more to say.
    let end = run.run(None, |event| matches!(event.kind, EventKind::Disconnected(_)))?;
    let code = run.finish(end);
    if end == Ended::Done {
        match peer.join().map_err(|_| "the recorded peer panicked")? {
            Ending::Complete => {}
            Ending::Stalled(gate) => {
                return Err(format!("the recorded peer waited in vain for {gate}").into());
            }
            Ending::Failed(error) => return Err(error.into()),
        }
    }
    Ok(code)
}

/// The bytes that the first dialled peer sent, out of a journal.
fn script(journal: &[u8]) -> Result<Script, satwire_capture::journal::Error> {
    let reader = Reader::new(journal)?;
    let mut script = ScriptWriter::new(reader.prologue().config.magic);
    for entry in reader {
        if let Record::Step(step) = entry?.record
            && let OwnedInput::Received(ConnId(1), bytes) = &step.input
        {
            script.read(step.at, bytes);
        }
    }
    Ok(script.finish())
}

#[cfg(test)]
mod tests;
