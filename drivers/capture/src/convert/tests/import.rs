//! The same traffic in every format, there and back.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use satwire_core::Network;

use super::rewrite::{Dice, Harm, rewrite};
use super::*;
use crate::convert::export::{CoreDatWriter, PacketWriter};
use crate::convert::{Found, ImportOptions, Observer, Opened, Story};
use crate::journal::{EndReason, Observation, Observed, Origin, Player, Reader, Way, Writer};

const JOURNALS: [&str; 7] =
    ["experiment", "pings", "stopped", "two_nodes", "reorganisation", "many", "restart"];

fn open(path: &Path) -> Story {
    Opened::open(path, "test", ImportOptions::default()).unwrap().observed(path)
}

fn journal(from: &Path, to: &Path) {
    let mut story = open(from);
    let mut writer = Writer::new(File::create(to).unwrap(), story.prologue());
    (&mut story).for_each(|observation| writer.observation(&observation.unwrap()));
    writer.finish(EndReason::Clean);
    assert_eq!(writer.ended().unwrap().reason, EndReason::Clean);
}

fn pcapng(from: &Path, to: &Path) {
    let mut story = open(from);
    let mut writer = PacketWriter::new(File::create(to).unwrap(), story.prologue()).unwrap();
    (&mut story).for_each(|observation| writer.observation(&observation.unwrap()).unwrap());
    writer.finish().unwrap();
}

fn core_dat(from: &Path, to: &Path) -> u64 {
    let mut story = open(from);
    let mut writer = CoreDatWriter::new(to, story.prologue()).unwrap();
    (&mut story).for_each(|observation| writer.observation(&observation.unwrap()).unwrap());
    writer.finish().unwrap()
}

/// Each message: its time in µs since 1970, its connection, its way, its bytes.
fn messages_of(path: &Path) -> Vec<(i64, ConnId, Way, Vec<u8>)> {
    let mut story = open(path);
    let clock = story.prologue().clock;
    let mut observer = Observer::new(story.prologue()).with_messages().without_differences();
    let mut found = Vec::new();
    for observation in &mut story {
        observer.observe(observation.unwrap());
        while let Some(finding) = observer.poll() {
            if let Found::Message { way, frame } = finding.what {
                found.push((clock.unix_micros(finding.at), finding.conn, way, frame));
            }
        }
    }
    assert_eq!(story.trouble(), None);
    found
}

/// All bytes of each connection and way, with the time of each.
fn bytes_of(path: &Path) -> BTreeMap<(ConnId, Way), Vec<(i64, u8)>> {
    let mut story = open(path);
    let clock = story.prologue().clock;
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for observation in &mut story {
        let Observation { at, conn, what } = observation.unwrap();
        if let Observed::Bytes(way, bytes) = what {
            let time = clock.unix_micros(at);
            all.entry((conn, way)).or_default().extend(bytes.into_iter().map(|byte| (time, byte)));
        }
    }
    assert_eq!(story.trouble(), None);
    all
}

#[test]
fn the_same_traffic_is_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pcap = committed("core-regtest.pcap");
    journal(&pcap, &at("a.journal"));
    pcapng(&at("a.journal"), &at("a.pcapng"));
    assert_eq!(core_dat(&at("a.journal"), &at("dat")), 0);
    let expected = messages_of(&pcap);
    assert_eq!(expected.len(), 137 + 23);
    for name in ["a.journal", "a.pcapng", "dat"] {
        let found = messages_of(&at(name));
        if name == "dat" {
            // Two at the same time have no order between two files.
            let of = |way, all: &[(i64, ConnId, Way, Vec<u8>)]| {
                all.iter().filter(|found| found.2 == way).cloned().collect::<Vec<_>>()
            };
            for way in Way::BOTH {
                assert_eq!(of(way, &found), of(way, &expected), "{name}");
            }
        } else {
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn files_of_core_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (n, from) in ["core-regtest.dat", "core-regtest.dat/127.0.0.1_55232"].into_iter().enumerate() {
        let (out, back) = (at(&format!("{n}.journal")), at(&n.to_string()));
        journal(&committed(from), &out);
        assert_eq!(core_dat(&out, &back), 0);
        for name in ["msgs_recv.dat", "msgs_sent.dat"] {
            let read = |root: &Path| std::fs::read(root.join("127.0.0.1_55232").join(name)).unwrap();
            assert_eq!(read(&back), read(&committed("core-regtest.dat")), "{name}");
        }
    }
}

/// A recording of our own, as packets: what was received, when, and what was sent, since it is played.
#[test]
fn journals_of_our_own_come_back_from_packets() {
    let folder = tempfile::tempdir().unwrap();
    let packets = folder.path().join("a.pcapng");
    for name in JOURNALS {
        let path = committed(&format!("{name}.journal"));
        pcapng(&path, &packets);
        let expected = bytes_of(&path);
        assert!(expected.keys().any(|(_, way)| *way == Way::Sent));
        assert_eq!(bytes_of(&packets), expected, "{name}");
    }
}

/// Holes stay where they are, and as large as they are.
#[test]
fn losses_come_back_from_packets() {
    let of = |path: &Path| {
        let mut streams = BTreeMap::<_, (Vec<_>, Vec<(usize, Option<u64>)>)>::new();
        for observation in open(path) {
            let Observation { at, conn, what } = observation.unwrap();
            match what {
                Observed::Bytes(way, bytes) => {
                    let (all, _) = streams.entry((conn, way)).or_default();
                    all.extend(bytes.into_iter().map(|byte| (at, byte)));
                }
                Observed::Lost(way, bytes) => {
                    let (all, lost) = streams.entry((conn, way)).or_default();
                    lost.push((all.len(), bytes));
                }
                _ => {}
            }
        }
        streams
    };
    let folder = tempfile::tempdir().unwrap();
    let packets = folder.path().join("a.pcapng");
    let harmed = committed("btcd-simnet-harmed.pcap");
    pcapng(&harmed, &packets);
    let expected = of(&harmed);
    assert!(expected.values().map(|(_, lost)| lost.len()).sum::<usize>() > 3);
    assert_eq!(of(&packets), expected);
}

/// A wall clock that was set while a journal was recorded: a capture has the times that it showed.
#[test]
fn times_are_those_of_the_wall_clock() {
    use satwire_core::node::Input;
    use satwire_core::{Config, Instant, Node, WallClock};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clock.journal");
    let clock = |seconds: i64| WallClock { unix_micros_at_zero: seconds * 1_000_000 };
    let at = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
    let config = Config::new(Network::Regtest);
    let prologue = crate::journal::Prologue::new("test", config.clone(), clock(100));
    let recorder = crate::journal::Recorder::new(|_| 7, File::create(&path).unwrap(), prologue);
    let mut node = Node::new(config, clock(100), recorder);
    let addr = SocketAddr::from(([203, 0, 113, 1], 5));
    node.handle(at(1), Input::Accepted { conn: ConnId(1), addr });
    node.handle(at(2), Input::Received(ConnId(1), &[1]));
    node.handle(at(3), Input::Clock(clock(1100)));
    node.handle(at(4), Input::Received(ConnId(1), &[2]));
    node.environment_mut().finish();
    drop(node);
    let expected = [(102_000_000, 1), (1_104_000_000, 2)];
    assert_eq!(bytes_of(&path)[&(ConnId(1), Way::Received)], expected);
    let packets = folder.path().join("clock.pcapng");
    pcapng(&path, &packets);
    assert_eq!(bytes_of(&packets)[&(ConnId(1), Way::Received)], expected);
}

/// The import of a recording of our own tells what the recording told, and our core would do nothing else.
#[test]
fn imports_of_our_own_recordings_tell_the_same_transactions() {
    use satwire_core::node::{Event, EventKind, Output};
    let folder = tempfile::tempdir().unwrap();
    let packets = folder.path().join("a.pcapng");
    for name in JOURNALS {
        let path = committed(&format!("{name}.journal"));
        pcapng(&path, &packets);
        let reader = Reader::new(BufReader::new(File::open(&path).unwrap())).unwrap();
        let clock = reader.prologue().clock;
        let mut expected = Vec::new();
        let tell = |output| {
            if let Output::Event(Event { at, kind: EventKind::Tx { tx, latency }, .. }) = output {
                expected.push((clock.unix_micros(at), tx.wtxid(), latency));
            }
        };
        Player::new(reader).run(tell).unwrap();
        let mut story = open(&packets);
        let clock = story.prologue().clock;
        let mut observer = Observer::new(story.prologue());
        let mut found = Vec::new();
        (&mut story).for_each(|observation| observer.observe(observation.unwrap()));
        observer.finish();
        while let Some(finding) = observer.poll() {
            match finding.what {
                Found::Event(EventKind::Tx { tx, latency }) => {
                    found.push((clock.unix_micros(finding.at), tx.wtxid(), latency));
                }
                Found::Difference(difference) => panic!("{name}: {difference}"),
                _ => {}
            }
        }
        assert_eq!(found, expected, "{name}");
    }
}

/// Our configuration is what the recorded node said; its files name their network by its first block.
#[test]
fn the_configuration_is_that_of_the_recorded_node() {
    for (name, origin) in [("core-regtest.pcap", Origin::Pcap), ("core-regtest.dat", Origin::CoreDat)] {
        let story = open(&committed(name));
        let prologue = story.prologue();
        assert_eq!(prologue.origin, Some(origin));
        assert_eq!(prologue.config.magic, Network::Regtest.magic());
        assert_eq!(prologue.config.user_agent, "/Satoshi:31.99.0/");
        assert_eq!(prologue.config.services.0, 0x409);
    }
    let wished = ImportOptions::new(None, Some(Network::Signet.magic()));
    let path = committed("core-regtest.dat");
    let story = Opened::open(&path, "test", wished).unwrap().observed(&path);
    assert_eq!(story.prologue().config.magic, Network::Signet.magic());
}

/// Segments that are dropped, repeated and out of order: no message that a framing finds is lost by the observer.
#[test]
fn a_harmed_capture_loses_nothing_that_can_be_found() {
    let pcap = std::fs::read(committed("core-regtest.pcap")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("harmed.pcap");
    for seed in 0..20 {
        let harm = Harm { dropped: 8, repeated: 20, moved: 20, distance: 6 };
        std::fs::write(&path, rewrite(&pcap, harm, &mut Dice(seed))).unwrap();
        let mut expected = messages(whole(Capture::open(&path).unwrap()));
        expected.sort_by_key(|found| found.1);
        let mut story = open(&path);
        let mut observer = Observer::new(story.prologue()).with_messages();
        let mut found = Vec::new();
        (&mut story).for_each(|observation| observer.observe(observation.unwrap()));
        observer.finish();
        while let Some(finding) = observer.poll() {
            if let Found::Message { way, frame } = finding.what {
                found.push((way, name(frame[4..16].try_into().unwrap()), frame[24..].to_vec()));
            }
        }
        // The end that dialled is us.
        found.sort_by_key(|(way, ..)| *way == Way::Received);
        let found = found.into_iter().map(|(_, name, payload)| (name, payload));
        assert!(found.eq(expected.into_iter().map(|(.., name, payload)| (name, payload))), "seed {seed}");
        assert!(story.trouble().unwrap().contains("loss"), "seed {seed}");
    }
}

/// A journal of an import that is cut or damaged tells what could be read, and why not more.
#[test]
fn a_damaged_journal_of_an_import_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.journal");
    journal(&committed("core-regtest.pcap"), &path);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let mut story = open(&path);
    assert!((&mut story).map(Result::unwrap).count() > 50);
    assert!(story.trouble().unwrap().contains("no end mark"));
    let mut damaged = bytes;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let errors: Vec<_> = open(&path).filter_map(Result::err).map(|error| error.to_string()).collect();
    assert!(errors.len() == 1 && errors[0].contains("damaged"), "{errors:?}");
}

/// An end that the user names and that is not there is an error to be told.
#[test]
fn an_end_that_nobody_has_is_told() {
    let path = committed("core-regtest.pcap");
    for (us, trouble) in
        [("127.0.0.1:28777", None), ("127.0.0.1:1", Some("127.0.0.1:1")), ("::1", Some("::1"))]
    {
        let options = ImportOptions::new(Some(us.parse().unwrap()), None);
        let mut story = Opened::open(&path, "test", options).unwrap().observed(&path);
        (&mut story).for_each(drop);
        match (story.trouble(), trouble) {
            (None, None) => {}
            (Some(told), Some(named)) => assert!(told.contains(named), "{told}"),
            other => panic!("{other:?}"),
        }
    }
}
