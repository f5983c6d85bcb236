//! Where the real programs are.

use std::env;
use std::path::{Path, PathBuf};

use super::LabError;

/// Environment variable that names the folder with `btcd`, `btcctl` and `btcwallet`.
pub const LIVE_BIN: &str = "SATWIRE_LIVE_BIN";

/// The real programs, found once and known to be there.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) btcd: PathBuf,
    pub(super) btcctl: PathBuf,
    pub(super) btcwallet: PathBuf,
}

impl Programs {
    /// Looks in the folder that [`LIVE_BIN`] names, else where `.ci/live-peers` installs without an argument.
    pub(super) fn find() -> Result<Self, LabError> {
        let folder = match env::var_os(LIVE_BIN) {
            Some(folder) => PathBuf::from(folder),
            None => target_folder().join("live/bin"),
        };
        let find = |program: &'static str| {
            let path = folder.join(program);
            if path.is_file() { Ok(path) } else { Err(LabError::Missing { program, folder: folder.clone() }) }
        };
        Ok(Self { btcd: find("btcd")?, btcctl: find("btcctl")?, btcwallet: find("btcwallet")? })
    }
}

/// The build folder of this workspace: what `CARGO_TARGET_DIR` says, else `target`.
pub fn target_folder() -> PathBuf {
    // A relative CARGO_TARGET_DIR counts from the workspace, and join() keeps an absolute one as it is.
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}
