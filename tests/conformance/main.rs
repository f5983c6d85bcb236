//! The rules for every Bitcoin node, as Bitcoin Core's functional tests and the BIPs have them.
//!
//! Each test begins with the id of its rule: F for framing, H for the handshake, K for keepalive, T for transactions.
//! `README.md` has the table of all ids. The limits that are our own choice have none.

mod commands;
mod dialling;
mod downloads;
mod framing;
mod handshake;
mod keepalive;
mod limits;
mod no_relay;
mod not_offered;
mod propagation;
mod table;
mod tx_announcer_order;
mod tx_received;
mod tx_requests;
mod verdicts;
