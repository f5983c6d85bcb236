//! The drivers are equal: the same peers do the same to a node on `mio`, on `smol` and in memory, and
//! the node does the same, times left out.
//!
//! Peers follow a script and act between the turns of the node that is under test, in the same thread.
//! Where real time has to pass, it is waited for with a deadline.

mod compare;
mod crowd;
mod dials;
mod endings;
mod exchange;
mod hostile;
mod machines;
mod memory;
mod pauses;
mod polling;
mod runtimes;
mod sockets;
mod stage;

use std::time::Duration;

use satwire_core::Config;

use crate::compare::Told;
use crate::memory::Memory;
use crate::runtimes::{Mio, Runtime as _, Smol};
use crate::sockets::Sockets;
use crate::stage::Stage;

/// Plays the scenario on all stages; what the node did must be the same on each.
fn same(config: &Config, scenario: impl Fn(&mut dyn Stage)) -> Told {
    play(config, None, scenario)
}

/// The same, with peers whose sockets buffer so much, or as little as the system allows.
fn same_through_buffers(of: usize, config: &Config, scenario: impl Fn(&mut dyn Stage)) -> Told {
    play(config, Some(of), scenario)
}

fn play(config: &Config, socket_buffer: Option<usize>, scenario: impl Fn(&mut dyn Stage)) -> Told {
    let mut memory = Memory::new(config.clone());
    scenario(&mut memory);
    let expected = Told::of(memory.transcript());
    let sockets: [Box<dyn Stage>; 2] = [
        Box::new(Sockets::new(Mio::start(config.clone()), socket_buffer)),
        Box::new(Sockets::new(Smol::start(config.clone()), socket_buffer)),
    ];
    for (name, mut stage) in ["mio", "smol"].into_iter().zip(sockets) {
        scenario(&mut *stage);
        expected.assert_same(&Told::of(stage.transcript()), name);
    }
    expected
}

/// A test's own network, with redials that a test can wait for.
fn config() -> Config {
    harness::config(|config| {
        config.redial_min = Duration::from_millis(20);
        config.redial_max = Duration::from_secs(5);
        // In memory all come from one address.
        config.inbound_per_address = usize::MAX;
        config.inbound_per_group = usize::MAX;
    })
}
