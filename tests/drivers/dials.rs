//! Dials that lead nowhere.

use std::time::Duration;

use crate::stage::Stage;
use crate::{config, same};

#[test]
fn a_refused_dial_is_tried_again() {
    let told = same(&config(), |stage: &mut dyn Stage| {
        stage.dial_refused();
        stage.until_failed(3);
        stage.stop();
    });
    assert_eq!(told.on(""), ["dialling ADDRESS failed: connection refused; again in TIME"; 3]);
}

/// Nothing comes back: the node gives up, and the driver drops the socket. Others do not wait for it.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "other systems do not drop what a full listener cannot take")]
fn a_black_hole() {
    let mut config = config();
    config.connect_timeout = Duration::from_millis(100);
    let told = same(&config, |stage: &mut dyn Stage| {
        stage.dial_black_hole();
        let other = stage.dial_in();
        stage.greet(other);
        stage.until_failed(2);
        stage.ping(other, 1);
        stage.stop();
    });
    assert_eq!(told.on("c1"), ["connect to ADDRESS", "disconnect"]);
    assert_eq!(told.on(""), ["dialling ADDRESS failed: not connected within TIME; again in TIME"; 2]);
}

/// A stop in the middle of a dial.
#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "other systems do not drop what a full listener cannot take")]
fn a_dial_that_is_called_off() {
    same(&config(), |stage: &mut dyn Stage| {
        stage.dial_black_hole();
        stage.turn();
        stage.stop();
        stage.turn();
    });
}
