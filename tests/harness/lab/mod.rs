//! The lab: a real btcd and btcwallet on loopback, for live tests and for recording captures.
//!
//! ```text
//! let lab = Lab::start(Options::default())?; // 320 blocks, wallet funded and unlocked
//! // … a program of ours connects to lab.peer_addr() …
//! lab.node().wait_for_peer(&[])?; // from here on btcd announces to it
//! let txid = lab.send_to_segwit("1.5")?;
//! ```
//!
//! Chain: simnet. Ports: free ones, on loopback only. Files: temporary folders. When the lab is dropped, also by
//! a failed test, every child is killed and reaped and the folders are removed. `.ci/live-peers` installs the
//! programs; [`LIVE_BIN`] names their folder if they are elsewhere.

mod compare;
mod error;
mod node;
mod ports;
mod process;
mod program;
mod programs;
mod relay;
mod rpc;
mod wait;
mod wallet;
mod witness;

use std::net::SocketAddr;
use std::time::Duration;

use bitcoin::{Amount, BlockHash, Transaction, Txid};
use serde_json::Value;

pub use compare::differences;
pub use error::LabError;
pub use node::Node;
pub use program::Program;
pub use programs::{LIVE_BIN, target_folder};
pub use relay::Relay;
pub use witness::{WitnessCoin, WitnessKind};

use programs::Programs;
use wallet::Wallet;

/// After so many blocks a mined coin can be spent.
const MATURITY: u32 = 100;

/// The subsidy of each of simnet's first 210,000 blocks.
const SUBSIDY: Amount = Amount::from_int_btc(50);

/// How the lab is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many blocks are mined at the start. Mined coins mature after 100, and btcd refuses witness spends on
    /// simnet below a height of 300.
    pub blocks: u32,
    /// How long btcd gathers announcements before it sends them. Its own default is 10 s.
    pub trickle: Duration,
    /// How long any single step may take before the lab gives up.
    pub patience: Duration,
    /// Further arguments for every btcd.
    pub btcd_arguments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            blocks: 320,
            trickle: Duration::from_secs(1),
            patience: Duration::from_secs(60),
            btcd_arguments: Vec::new(),
        }
    }
}

/// A running btcd with a wallet that owns what was mined.
#[derive(Debug)]
pub struct Lab {
    wallet: Wallet,
    node: Node,
    programs: Programs,
    options: Options,
}

impl Lab {
    /// Starts everything, mines the first blocks and waits until the wallet can spend them.
    pub fn start(options: Options) -> Result<Self, LabError> {
        let programs = Programs::find()?;
        let mut node = Node::start(&programs, &options, None)?;
        let wallet = Wallet::start(&programs, &options, node.rpc_addr())?;
        // Only a restart tells btcd whom its blocks pay.
        node.set_mining_address(wallet.legacy_address()?);
        let mut lab = Self { wallet, node, programs, options };
        lab.restart_btcd()?;
        let blocks = lab.options.blocks;
        if blocks > 0 {
            lab.generate(blocks)?;
        }
        // The next block may already spend a coin that is 99 blocks deep below the last one.
        let mature = (blocks + 1).saturating_sub(MATURITY);
        lab.wallet.wait_for_balance(SUBSIDY * u64::from(mature))?;
        Ok(lab)
    }

    /// Ends btcd in good order and starts it again, on the same ports; the wallet follows it. Blocks are kept.
    /// The memory pool starts with what the wallet sends again: its own transactions that are in no block.
    pub fn restart_btcd(&mut self) -> Result<(), LabError> {
        // The wallet restarts too: left alone, it tries to reach btcd every five seconds only.
        self.wallet.end()?;
        self.node.restart()?;
        self.wallet.launch()?;
        self.wallet.unlock()
    }

    /// Stops btcd where it is (SIGSTOP). Its connections stay open, and nobody answers, `btcctl` included.
    pub fn stop_btcd(&mut self) -> Result<(), LabError> {
        self.node.pause()
    }

    /// Lets a stopped btcd go on (SIGCONT).
    pub fn continue_btcd(&mut self) -> Result<(), LabError> {
        self.node.resume()
    }

    /// The btcd that the wallet is connected to.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Where btcd accepts peers.
    pub fn peer_addr(&self) -> SocketAddr {
        self.node.peer_addr()
    }

    /// Runs `btcctl` against btcd and returns what is printed.
    pub fn btcctl(&self, arguments: &[&str]) -> Result<String, LabError> {
        self.node.btcctl(arguments)
    }

    /// Runs `btcctl --wallet` and returns what is printed.
    pub fn wallet(&self, arguments: &[&str]) -> Result<String, LabError> {
        self.wallet.btcctl(arguments)
    }

    /// Mines blocks that pay the wallet, and waits until the wallet has seen them.
    pub fn generate(&self, blocks: u32) -> Result<Vec<BlockHash>, LabError> {
        let hashes = self.node.generate(blocks)?;
        self.wallet.wait_for_height(self.node.height()?)?;
        Ok(hashes)
    }

    /// btcd's reading of a transaction.
    pub fn decode_raw_transaction(&self, hex: &str) -> Result<Value, LabError> {
        self.node.decode_raw_transaction(hex)
    }

    /// The transactions that wait for a block.
    pub fn raw_mempool(&self) -> Result<Vec<Txid>, LabError> {
        self.node.raw_mempool()
    }

    /// Sends an amount in bitcoin, "1.5" for example, to a new legacy address of the wallet.
    pub fn send_to_legacy(&self, bitcoins: &str) -> Result<Txid, LabError> {
        self.wallet.pay(&self.wallet.legacy_address()?, bitcoins)
    }

    /// Sends an amount in bitcoin to a new native segwit address of the wallet.
    pub fn send_to_segwit(&self, bitcoins: &str) -> Result<Txid, LabError> {
        self.wallet.pay(&self.wallet.segwit_address()?, bitcoins)
    }

    /// Sends an amount in bitcoin to each kind of output that our own keys spend with a witness.
    pub fn fund_witness_coins(&self, bitcoins: &str) -> Result<Vec<WitnessCoin>, LabError> {
        let fund = |kind: WitnessKind| {
            let txid = self.wallet.pay(&kind.address(), bitcoins)?;
            WitnessCoin::find(kind, &self.node.transaction(txid)?)
                .ok_or_else(|| LabError::unexpected(format!("an output {kind:?}"), txid))
        };
        WitnessKind::ALL.into_iter().map(fund).collect()
    }

    /// Spends a coin with a witness, in a block or not yet, and returns the transaction.
    pub fn spend_witness_coin(&self, coin: &WitnessCoin) -> Result<Transaction, LabError> {
        let transaction =
            coin.spend().ok_or_else(|| LabError::unexpected("an amount above the fee", coin.output.value))?;
        self.node.send_raw_transaction(&transaction)?;
        Ok(transaction)
    }

    /// Starts a further btcd that dials the first one, and waits until it has the same chain.
    ///
    /// It mines to a key of ours. For a reorganisation: [`Node::disconnect`] the second from the first, mine one
    /// block on the first and two on the second, [`Node::connect`] again, [`Node::wait_for_best_block`].
    pub fn second_node(&self) -> Result<Node, LabError> {
        let address = WitnessKind::P2wpkh.address();
        let second = Node::start(&self.programs, &self.options, Some(address))?;
        second.connect(&self.node)?;
        second.wait_for_best_block(self.node.best_block()?)?;
        Ok(second)
    }
}
