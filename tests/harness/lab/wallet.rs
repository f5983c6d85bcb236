//! A real btcwallet that follows the lab's first node and owns what that node mines.

use std::net::SocketAddr;
use std::process::Command;

use bitcoin::{Amount, Denomination, Txid};
use tempfile::TempDir;

use super::node::parse;
use super::process::Process;
use super::rpc::{self, Rpc};
use super::{LabError, Options, Programs, ports, wait};

/// The passphrase of a wallet that `--createtemp` makes.
const PASSPHRASE: &str = "password";

/// How long the wallet stays unlocked, in seconds: longer than any test.
const UNLOCKED_SECONDS: &str = "36000";

/// The wallet's line in the log when it has caught up with its node.
const CAUGHT_UP: &str = "Finished rescan";

/// A btcwallet: killed and reaped, and its folder removed, when it is dropped.
#[derive(Debug)]
pub(super) struct Wallet {
    // Dropped in this order: the process, then the folder that it writes to.
    process: Option<Process>,
    folder: TempDir,
    btcwallet: std::path::PathBuf,
    options: Options,
    node: SocketAddr,
    rpc: Rpc,
}

impl Wallet {
    /// Creates a wallet and waits until it follows the node.
    pub(super) fn start(programs: &Programs, options: &Options, node: SocketAddr) -> Result<Self, LabError> {
        let folder = tempfile::Builder::new()
            .prefix("satwire-btcwallet-")
            .tempdir()
            .map_err(LabError::io("a folder for btcwallet"))?;
        let config = rpc::empty_config(folder.path())?;
        let server = ports::free_address()?;
        let mut wallet = Self {
            process: None,
            folder,
            btcwallet: programs.btcwallet.clone(),
            options: options.clone(),
            node,
            rpc: Rpc::wallet(programs, &config, server, options.patience),
        };
        wallet.launch()?;
        Ok(wallet)
    }

    /// Starts the process, and waits until it has caught up with the node.
    ///
    /// Without that wait it answers and still knows nothing: its RPC is open before it is connected, and blocks
    /// that are mined before it follows are never spendable for it ("insufficient funds").
    pub(super) fn launch(&mut self) -> Result<(), LabError> {
        let folder = self.folder.path();
        let option = |name: &str, value: &dyn std::fmt::Display| format!("--{name}={value}");
        let mut command = Command::new(&self.btcwallet);
        command
            .args(["--simnet", "--createtemp", "--noservertls", "--noclienttls"])
            .arg(option("configfile", &folder.join("empty.conf").display()))
            .arg(option("appdata", &folder.join("wallet").display()))
            .arg(option("logdir", &folder.join("log").display()))
            .arg(option("username", &rpc::USER))
            .arg(option("password", &rpc::PASSWORD))
            .arg(option("rpcconnect", &self.node))
            .arg(option("rpclisten", &self.rpc.server()));
        let log = folder.join("btcwallet.out");
        let mut process = Process::start("btcwallet", &mut command, &log)?;
        wait::until("the wallet's first look", self.options.patience, || {
            process.check_alive()?;
            Ok(process.log()?.contains(CAUGHT_UP).then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Ends the process in good order; [`launch`](Self::launch) starts it again.
    pub(super) fn end(&mut self) -> Result<(), LabError> {
        match self.process.take() {
            Some(process) => process.end(self.options.patience),
            None => Ok(()),
        }
    }

    /// Runs `btcctl --wallet` and returns what is printed.
    pub(super) fn btcctl(&self, arguments: &[&str]) -> Result<String, LabError> {
        self.rpc.call(arguments)
    }

    /// A new address whose payments the wallet can spend again.
    pub(super) fn legacy_address(&self) -> Result<String, LabError> {
        // The wallet may be about to connect still, and refuses then.
        wait::until("an address of the wallet", self.options.patience, || {
            self.btcctl(&["getnewaddress"]).map(Some)
        })
    }

    /// A new native segwit address.
    pub(super) fn segwit_address(&self) -> Result<String, LabError> {
        self.btcctl(&["getnewaddress", "default", "bech32"])
    }

    /// Allows it to sign.
    pub(super) fn unlock(&self) -> Result<(), LabError> {
        self.btcctl(&["walletpassphrase", PASSPHRASE, UNLOCKED_SECONDS]).map(drop)
    }

    /// Waits until it has seen the node's block at `height`.
    pub(super) fn wait_for_height(&self, height: u32) -> Result<(), LabError> {
        let what = format!("block {height} in the wallet");
        wait::until(&what, self.options.patience, || {
            let seen: u32 = parse("a height", &self.btcctl(&["getblockcount"])?)?;
            Ok((seen >= height).then_some(()))
        })
    }

    /// Waits until it can spend `amount`.
    pub(super) fn wait_for_balance(&self, amount: Amount) -> Result<(), LabError> {
        let what = format!("a balance of {amount}");
        wait::until(&what, self.options.patience, || {
            let text = self.btcctl(&["getbalance"])?;
            let balance = Amount::from_str_in(&text, Denomination::Bitcoin)
                .map_err(|_| LabError::unexpected("a balance", text))?;
            Ok((balance >= amount).then_some(()))
        })
    }

    /// Pays an amount in bitcoin to an address.
    ///
    /// Once in a while btcwallet does not find a key of its own ("Invalid address or key") and finds it the next
    /// time. It has sent nothing then; after any other refusal it may have, and is not asked again.
    pub(super) fn pay(&self, address: &str, bitcoins: &str) -> Result<Txid, LabError> {
        let paid = wait::until("a key of the wallet", self.options.patience, || {
            match self.btcctl(&["sendtoaddress", address, bitcoins]) {
                Err(LabError::Refused { message, .. }) if message.contains("Invalid address or key") => {
                    Ok(None)
                }
                paid => Ok(Some(paid)),
            }
        })?;
        parse("a txid", &paid?)
    }
}
