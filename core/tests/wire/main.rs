//! The wire format: limits, published cases, round trips, and the `bitcoin` crate as a second opinion.

mod differential;
mod labels;
mod limits;
mod made;
mod round_trip;
mod vectors;

use satwire_core::Network;
use satwire_core::wire::Message;

/// The payload that `message` encodes to.
pub(crate) fn payload(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    message.encode(&mut out, Network::Main.magic());
    out.split_off(24)
}
