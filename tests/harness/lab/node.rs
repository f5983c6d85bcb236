//! One real btcd on loopback, simnet.

use std::net::SocketAddr;
use std::process::Command;

use bitcoin::{BlockHash, Transaction, Txid, consensus};
use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::rpc::{self, Rpc};
use super::{LabError, Options, Programs, ports, wait};

/// A btcd: killed and reaped, and its folder removed, when it is dropped.
#[derive(Debug)]
pub struct Node {
    // Dropped in this order: the process, then the folder that it writes to.
    process: Option<Process>,
    folder: TempDir,
    btcd: std::path::PathBuf,
    options: Options,
    peer_addr: SocketAddr,
    mining_address: Option<String>,
    rpc: Rpc,
}

impl Node {
    /// Starts a node with an empty chain, and waits until it answers.
    pub(super) fn start(
        programs: &Programs,
        options: &Options,
        mining_address: Option<String>,
    ) -> Result<Self, LabError> {
        let folder = tempfile::Builder::new()
            .prefix("satwire-btcd-")
            .tempdir()
            .map_err(LabError::io("a folder for btcd"))?;
        let config = rpc::empty_config(folder.path())?;
        let server = ports::free_address()?;
        let mut node = Self {
            process: None,
            folder,
            btcd: programs.btcd.clone(),
            options: options.clone(),
            peer_addr: ports::free_address()?,
            mining_address,
            rpc: Rpc::node(programs, &config, server, options.patience),
        };
        node.launch()?;
        Ok(node)
    }

    fn launch(&mut self) -> Result<(), LabError> {
        let folder = self.folder.path();
        let option = |name: &str, value: &dyn std::fmt::Display| format!("--{name}={value}");
        let mut command = Command::new(&self.btcd);
        command
            .args(["--simnet", "--notls", "--nodnsseed"])
            .arg(option("configfile", &folder.join("empty.conf").display()))
            .arg(option("datadir", &folder.join("data").display()))
            .arg(option("logdir", &folder.join("log").display()))
            .arg(option("rpcuser", &rpc::USER))
            .arg(option("rpcpass", &rpc::PASSWORD))
            .arg(option("listen", &self.peer_addr))
            .arg(option("rpclisten", &self.rpc.server()))
            .arg(format!("--trickleinterval={}ms", self.options.trickle.as_millis()))
            .args(self.mining_address.as_ref().map(|to| option("miningaddr", to)))
            .args(&self.options.btcd_arguments);
        let mut process = Process::start("btcd", &mut command, &folder.join("btcd.out"))?;
        wait::until("an answer of btcd", self.options.patience, || {
            process.check_alive()?;
            self.rpc.json(&["getblockcount"]).map(Some)
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends the node in good order and starts it again on the same ports: the chain is kept, the memory pool
    /// is not (btcd does not store it).
    pub(super) fn restart(&mut self) -> Result<(), LabError> {
        if let Some(process) = self.process.take() {
            process.end(self.options.patience)?;
        }
        self.launch()
    }

    /// The address that new blocks pay to, from the next start on.
    pub(super) fn set_mining_address(&mut self, address: String) {
        self.mining_address = Some(address);
    }

    /// The address of its RPC server.
    pub(super) fn rpc_addr(&self) -> SocketAddr {
        self.rpc.server()
    }

    /// Where it accepts peers.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer_addr
    }

    /// Runs `btcctl` against it and returns what is printed.
    pub fn btcctl(&self, arguments: &[&str]) -> Result<String, LabError> {
        self.rpc.call(arguments)
    }

    /// The same for a command that answers with JSON. Numbers keep their text: nothing goes through a float.
    pub fn btcctl_json(&self, arguments: &[&str]) -> Result<Value, LabError> {
        self.rpc.json(arguments)
    }

    /// Stops the process where it is (SIGSTOP): connections stay open, and nobody answers.
    pub fn pause(&mut self) -> Result<(), LabError> {
        self.process.as_mut().map_or(Ok(()), Process::pause)
    }

    /// Lets a stopped process go on (SIGCONT).
    pub fn resume(&mut self) -> Result<(), LabError> {
        self.process.as_mut().map_or(Ok(()), Process::resume)
    }

    /// Kills the process (SIGKILL): its connections end, and nobody listens any more.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Mines blocks, and returns their hashes.
    pub fn generate(&self, blocks: u32) -> Result<Vec<BlockHash>, LabError> {
        let hashes = self.rpc.json(&["generate", &blocks.to_string()])?;
        parse_all("a block hash", &hashes)
    }

    /// The height of its best chain.
    pub fn height(&self) -> Result<u32, LabError> {
        parse("a height", &self.rpc.call(&["getblockcount"])?)
    }

    /// The last block of its best chain.
    pub fn best_block(&self) -> Result<BlockHash, LabError> {
        parse("a block hash", &self.rpc.call(&["getbestblockhash"])?)
    }

    /// Waits until its best chain ends with the block.
    pub fn wait_for_best_block(&self, hash: BlockHash) -> Result<(), LabError> {
        let what = format!("block {hash} as btcd's best");
        wait::until(&what, self.options.patience, || Ok((self.best_block()? == hash).then_some(())))
    }

    /// The transactions that wait for a block.
    pub fn raw_mempool(&self) -> Result<Vec<Txid>, LabError> {
        parse_all("a txid", &self.rpc.json(&["getrawmempool"])?)
    }

    /// Its reading of a transaction. The hex travels as an argument, which systems limit (128 KiB on Linux).
    pub fn decode_raw_transaction(&self, hex: &str) -> Result<Value, LabError> {
        self.rpc.json(&["decoderawtransaction", hex])
    }

    /// Returns a transaction of its memory pool as it prints it (`getrawtransaction TXID 1`): with `hex`, `hash` and
    /// sizes, which [`decode_raw_transaction`](Self::decode_raw_transaction) leaves out.
    pub fn raw_transaction(&self, txid: Txid) -> Result<Value, LabError> {
        self.rpc.json(&["getrawtransaction", &txid.to_string(), "1"])
    }

    /// A transaction in its memory pool.
    pub fn transaction(&self, txid: Txid) -> Result<Transaction, LabError> {
        let hex = self.rpc.call(&["getrawtransaction", &txid.to_string(), "0"])?;
        consensus::encode::deserialize_hex(&hex).map_err(|error| LabError::unexpected("a transaction", error))
    }

    /// Hands it a transaction as `btcctl sendrawtransaction` does.
    pub fn send_raw_transaction(&self, transaction: &Transaction) -> Result<Txid, LabError> {
        let hex = consensus::encode::serialize_hex(transaction);
        parse("a txid", &self.rpc.call(&["sendrawtransaction", &hex])?)
    }

    /// The ids that it gave to its connected peers, handshake done.
    pub fn peers(&self) -> Result<Vec<u64>, LabError> {
        let peers = self.rpc.json(&["getpeerinfo"])?;
        let ids =
            peers.as_array().map(|peers| peers.iter().map(|peer| peer["id"].as_u64()).collect::<Option<_>>());
        ids.flatten().ok_or_else(|| LabError::unexpected("getpeerinfo", peers))
    }

    /// Waits until it counts a peer whose id is not in `known`, and returns that id.
    ///
    /// From then on it announces to that peer. Seen from outside the handshake is over a little earlier, and
    /// what enters the memory pool in between is never announced.
    pub fn wait_for_peer(&self, known: &[u64]) -> Result<u64, LabError> {
        wait::until("a new peer of btcd", self.options.patience, || {
            Ok(self.peers()?.into_iter().find(|id| !known.contains(id)))
        })
    }

    /// Dials another node, and waits until both count each other.
    pub fn connect(&self, other: &Self) -> Result<(), LabError> {
        let (ours, theirs) = (self.peers()?, other.peers()?);
        let address = other.peer_addr.to_string();
        self.rpc.call(&["node", "connect", &address, "temp"])?;
        self.wait_for_peer(&ours)?;
        other.wait_for_peer(&theirs).map(drop)
    }

    /// Hangs up on a node that it dialled, and waits until both have noticed.
    pub fn disconnect(&self, other: &Self) -> Result<(), LabError> {
        let left = other.peers()?.len().saturating_sub(1);
        let address = other.peer_addr.to_string();
        self.rpc.call(&["node", "disconnect", &address])?;
        wait::until("the end of a connection", self.options.patience, || {
            Ok((other.peers()?.len() <= left).then_some(()))
        })
    }
}

/// Reads one word that a program printed.
pub(super) fn parse<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, LabError> {
    text.parse().map_err(|_| LabError::unexpected(what, text))
}

/// Reads an array of strings.
fn parse_all<T: std::str::FromStr>(what: &str, values: &Value) -> Result<Vec<T>, LabError> {
    let values =
        values.as_array().ok_or_else(|| LabError::unexpected(format!("an array of {what}"), values))?;
    let one = |value: &Value| parse(what, value.as_str().unwrap_or_default());
    values.iter().map(one).collect()
}
