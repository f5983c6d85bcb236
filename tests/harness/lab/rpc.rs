//! Asking btcd and btcwallet, through `btcctl` as a person would.

use std::io::{Read, Seek};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::process::Reaped;
use super::{LabError, Programs};

/// User and password of every server in the lab. They listen on loopback only and hold play money.
pub(super) const USER: &str = "u";
pub(super) const PASSWORD: &str = "p";

/// One server that answers `btcctl`.
#[derive(Debug, Clone)]
pub(super) struct Rpc {
    btcctl: PathBuf,
    config: PathBuf,
    server: SocketAddr,
    wallet: bool,
    patience: Duration,
}

impl Rpc {
    /// The RPC of a btcd. `config` is an empty file: see [`empty_config`].
    pub(super) fn node(programs: &Programs, config: &Path, server: SocketAddr, patience: Duration) -> Self {
        Self { btcctl: programs.btcctl.clone(), config: config.into(), server, wallet: false, patience }
    }

    /// The RPC of a btcwallet.
    pub(super) fn wallet(programs: &Programs, config: &Path, server: SocketAddr, patience: Duration) -> Self {
        Self { wallet: true, ..Self::node(programs, config, server, patience) }
    }

    /// Where the server listens.
    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    /// Runs a command and returns what `btcctl` prints, without the line end.
    pub(super) fn call(&self, arguments: &[&str]) -> Result<String, LabError> {
        let command = shortened(arguments.join(" "));
        // Files, not pipes: nobody has to read them while we wait with a deadline (a btcd that was stopped by a
        // signal accepts the connection and never answers).
        let trouble = || format!("a file for the answer to {command}");
        let mut stdout = tempfile::tempfile().map_err(LabError::io(trouble()))?;
        let mut stderr = tempfile::tempfile().map_err(LabError::io(trouble()))?;
        let mut btcctl = Reaped::spawn(
            &format!("btcctl {command}"),
            Command::new(&self.btcctl)
                .arg(format!("--configfile={}", self.config.display()))
                .args(["--simnet", "--notls", "-s", &self.server.to_string()])
                .arg(format!("--rpcuser={USER}"))
                .arg(format!("--rpcpass={PASSWORD}"))
                .args(self.wallet.then_some("--wallet"))
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(stdout.try_clone().map_err(LabError::io(trouble()))?)
                .stderr(stderr.try_clone().map_err(LabError::io(trouble()))?),
        )?;
        let status = btcctl.wait(self.patience)?;
        let read = |file: &mut std::fs::File| {
            let mut text = String::new();
            file.rewind().and_then(|()| file.read_to_string(&mut text)).map_err(LabError::io(trouble()))?;
            Ok(text.trim_end().to_owned())
        };
        if status.success() {
            read(&mut stdout)
        } else {
            Err(LabError::Refused { message: read(&mut stderr)?, command })
        }
    }

    /// Runs a command that answers with JSON: an object, an array or a number.
    ///
    /// Not for commands that answer with a string: `btcctl` prints those without quotes.
    pub(super) fn json(&self, arguments: &[&str]) -> Result<Value, LabError> {
        let text = self.call(arguments)?;
        serde_json::from_str(&text).map_err(|_| LabError::unexpected(shortened(arguments.join(" ")), text))
    }
}

/// A command as an error shows it: a whole transaction in hex helps nobody.
fn shortened(command: String) -> String {
    const SHOWN: usize = 200;
    match command.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &command[..end]),
        None => command,
    }
}

/// Creates an empty configuration file in the folder, and returns its path.
///
/// Without one, all three programs read the file of whoever runs the tests (it may name another chain), and
/// complain when there is none. They find it by the user's entry in the system, not by `HOME`.
pub(super) fn empty_config(folder: &Path) -> Result<PathBuf, LabError> {
    let path = folder.join("empty.conf");
    std::fs::write(&path, "").map_err(LabError::io("writing an empty configuration"))?;
    Ok(path)
}
