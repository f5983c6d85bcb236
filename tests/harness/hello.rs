//! The `version` of a scripted peer, and its half of the handshake.

use bitcoin::p2p::ServiceFlags;
use bitcoin::p2p::address::Address;
use bitcoin::p2p::message::NetworkMessage;
use bitcoin::p2p::message_network::VersionMessage;

use crate::message;

/// The `version` of a scripted peer, and the features that it sends after it.
///
/// By default it is a current Bitcoin Core.
#[derive(Clone, Copy, Debug)]
pub struct Hello {
    /// The protocol version.
    pub version: u32,
    /// Its services.
    pub services: ServiceFlags,
    /// The nonce of its `version`.
    pub nonce: u64,
    /// Whether it sends `wtxidrelay`.
    pub wtxidrelay: bool,
    /// Whether it sends `sendaddrv2`.
    pub addrv2: bool,
}

impl Default for Hello {
    fn default() -> Self {
        Self {
            version: 70016,
            services: ServiceFlags::NETWORK | ServiceFlags::WITNESS,
            nonce: 0x0123_4567_89ab_cdef,
            wtxidrelay: true,
            addrv2: true,
        }
    }
}

impl Hello {
    /// A peer that announces by txid and serves witnesses, as btcd does.
    pub fn btcd() -> Self {
        Self { wtxidrelay: false, ..Self::default() }
    }

    /// Only the `version`.
    pub fn version(&self) -> Vec<u8> {
        let nowhere = Address { services: ServiceFlags::NONE, address: [0; 8], port: 0 };
        message(NetworkMessage::Version(VersionMessage {
            version: self.version,
            services: self.services,
            timestamp: 1_795_363_088,
            receiver: nowhere.clone(),
            sender: nowhere,
            nonce: self.nonce,
            user_agent: "/scripted:1.0/".into(),
            start_height: 7,
            relay: true,
        }))
    }

    /// `version` and features: everything but the `verack`.
    pub fn until_verack(&self) -> Vec<u8> {
        let mut bytes = self.version();
        if self.wtxidrelay {
            bytes.extend(message(NetworkMessage::WtxidRelay));
        }
        if self.addrv2 {
            bytes.extend(message(NetworkMessage::SendAddrV2));
        }
        bytes
    }

    /// The whole handshake of its side.
    pub fn all(&self) -> Vec<u8> {
        let mut bytes = self.until_verack();
        bytes.extend(message(NetworkMessage::Verack));
        bytes
    }
}
