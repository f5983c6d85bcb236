//! The rows of the table: what is read from the cases, and the levels.

use crate::arguments::Action;
use crate::cases::{DRIVERS, beside, crowd, few, from};
use crate::flood::{ASKING, PONG, SLOW};
use crate::ingest::{CLOCK, TX};
use crate::pings::{BYTES, IDLE, PING, SPREAD};
use crate::table::{Samples, head, line};

/// Prints what was wished for, and then every case.
pub(crate) fn print(wish: &Action, samples: &Samples) {
    let worth = |case: &str, figure: &str| samples.worth(&format!("{case}: {figure}"));
    let (connections, few) = (wish.connections, few(wish.connections));
    head();
    if wish.wants("p8") {
        for peers in [1, 8] {
            let [memory, mio, smol] = ["memory", "mio", "smol"].map(|server| worth(&from(peers, server), TX));
            for (driver, nanos) in [("mio", mio), ("smol", smol)] {
                let what = format!("{driver} ÷ memory, a tx from {peers}");
                line("P8", &what, nanos / memory, "", Some([1.7, 1.4]));
            }
            let what = format!("the dearer ÷ the cheaper, from {peers}");
            line("P8", &what, mio.max(smol) / mio.min(smol), "", Some([1.06, 1.06]));
        }
    }
    if wish.wants("p9") {
        for (driver, levels) in DRIVERS.into_iter().zip([[2048.0, 768.0], [3072.0, 1536.0]]) {
            let bytes = worth(&crowd(driver, connections), BYTES);
            line("P9", &format!("{driver}, one of {connections} idle"), bytes, "B", Some(levels));
        }
        if !cfg!(target_os = "linux") {
            println!("P9 needs Linux: only there a process is told how much of its memory is its own");
        }
    }
    if wish.wants("p10") {
        for (driver, levels) in DRIVERS.into_iter().zip([[1.6, 1.25], [2.0, 1.5]]) {
            let [all, a_few] = [connections, few].map(|size| crowd(driver, size));
            let floor = worth(&crowd("floor", connections), PING);
            let what = format!("{driver} ÷ floor, a ping, {connections}");
            line("P10", &what, worth(&all, PING) / floor, "", Some(levels));
            for (how, figure, levels) in [("", PING, Some([1.5, 1.2])), (", spread", SPREAD, None)] {
                let what = format!("{driver}, a ping{how}, {connections} ÷ {few}");
                line("P10", &what, worth(&all, figure) / worth(&a_few, figure), "", levels);
            }
            let what = format!("{driver}, {connections} idle, between rounds");
            line("P10", &what, worth(&all, IDLE), "ms", Some([1.0, 0.2]));
        }
    }
    if wish.wants("slow") {
        for driver in DRIVERS {
            let [beside_slow, alone] = [SLOW, ASKING].map(|others| beside(others, driver));
            for (what, figure) in [("a tx", TX), ("by the clock", CLOCK)] {
                let what = format!("{driver}, beside slow ÷ not, {what}");
                line("slow", &what, worth(&beside_slow, figure) / worth(&alone, figure), "", None);
            }
            for (what, percent) in [("half of the pongs", 50), ("all pongs", 100)] {
                let pongs = samples.percentile(&format!("{beside_slow}: {PONG}"), percent);
                line("slow", &format!("{driver}, beside slow, {what} within"), pongs, "µs", None);
            }
        }
    }
    samples.print();
}
