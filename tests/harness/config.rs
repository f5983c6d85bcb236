//! The settings of a test.

use satwire_core::Config;

use crate::NETWORK;

/// The defaults on the network of all tests, changed by `change`.
pub fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::new(NETWORK);
    change(&mut config);
    config
}
