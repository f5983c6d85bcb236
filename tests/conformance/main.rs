//! What every Bitcoin node must do, as Bitcoin Core's functional tests and the BIPs have it.
//!
//! Each test is named after its assertion: F for framing, E for the handshake, K for keepalive, T for
//! transactions. After them stand the limits that are our own choice.

mod commands;
mod dialling;
mod downloads;
mod framing;
mod handshake;
mod keepalive;
mod limits;
mod tx_received;
mod tx_requests;
