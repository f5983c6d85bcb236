//! Bitcoin Core's files: one peer, many, and what can be wrong with them.

use std::path::Path;

use super::*;
use crate::convert::{End, Error};

fn message(time: i64, command: &str, payload: &[u8]) -> Vec<u8> {
    let mut name = [0; 12];
    name[..command.len()].copy_from_slice(command.as_bytes());
    [&time.to_le_bytes()[..], &name, &(payload.len() as u32).to_le_bytes(), payload].concat()
}

fn put(folder: &Path, name: &str, messages: &[Vec<u8>]) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), messages.concat()).unwrap();
}

/// Returns what is in it, and what is wrong with it; the name of the folder left out.
fn read(path: &Path) -> (Vec<String>, Vec<String>) {
    let (events, errors): (Vec<_>, Vec<_>) = Capture::open(path).unwrap().partition(Result::is_ok);
    let events: Vec<_> = events.into_iter().map(Result::unwrap).collect();
    assert!(events.is_sorted_by_key(CaptureEvent::time));
    let name = |error: Error| error.to_string().replace(&format!("{}/", path.display()), "");
    (lines(&events), errors.into_iter().map(Result::unwrap_err).map(name).collect())
}

#[test]
fn peers_are_merged_by_time_and_the_first_version_tells_who_dialled() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("10.0.0.1_8333"), folder.path().join("[2001_db8__1]_8333"));
    put(&one, "msgs_sent.dat", &[message(1000, "version", b"v"), message(5000, "verack", b"")]);
    put(&one, "msgs_recv.dat", &[message(3000, "version", b"w"), message(5000, "verack", b"")]);
    put(&two, "msgs_recv.dat", &[message(2000, "version", b"x"), message(4000, "ping", b"12345678")]);
    put(&two, "msgs_sent.dat", &[]);
    // Other things may lie there.
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let (events, errors) = read(folder.path());
    let line = |time: u64, line: &str, command: &str, length: usize| {
        format!("{time} ms: {line} {command:\0<12} {length}").replace('\0', "\\x00")
    };
    assert_eq!(
        events,
        [
            "1 ms: 1 opened".into(),
            line(1, "1 >", "version", 1),
            "2 ms: 2 opened".into(),
            line(2, "2 >", "version", 1),
            line(3, "1 <", "version", 1),
            line(4, "2 >", "ping", 8),
            // At the same time: received, then sent.
            line(5, "1 <", "verack", 0),
            line(5, "1 >", "verack", 0),
        ]
    );
    assert!(errors.is_empty(), "{errors:?}");
    let ends = whole(Capture::open(folder.path()).unwrap()).into_iter().filter_map(|event| match event {
        CaptureEvent::Opened { from, to, .. } => Some((from, to)),
        _ => None,
    });
    let at = |addr: &str| End::At(addr.parse::<SocketAddr>().unwrap().into());
    let expected = [(End::Recorder, at("10.0.0.1:8333")), (at("[2001:db8::1]:8333"), End::Recorder)];
    assert_eq!(ends.collect::<Vec<_>>(), expected);
}

#[test]
fn a_second_connection_of_the_same_peer_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let count = |sent: &[Vec<u8>], received: &[Vec<u8>]| {
        put(folder.path(), "msgs_sent.dat", sent);
        put(folder.path(), "msgs_recv.dat", received);
        read(folder.path()).0.iter().filter(|line| !line.contains("\\x00")).cloned().collect::<Vec<_>>()
    };
    let version = |time: i64| message(time * 1000, "version", b"");
    // We dial again, or it does.
    let expected = ["1 ms: 1 opened", "5 ms: 1 replaced", "5 ms: 2 opened"];
    assert_eq!(count(&[version(1), version(5)], &[version(2), version(6)]), expected);
    assert_eq!(count(&[version(2), version(6)], &[version(1), version(5)]), expected);
    // It says the same twice, which nobody answers.
    assert_eq!(
        count(&[version(2), message(9000, "ping", b"")], &[version(1), version(5)]),
        ["1 ms: 1 opened"]
    );
    // Without its beginning.
    assert_eq!(count(&[message(1000, "ping", b"")], &[message(2000, "pong", b"")]), ["1 ms: 1 adopted"]);
}

#[test]
fn each_damaged_file_is_one_error_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let peer = folder.path().join("10.0.0.1_8333");
    put(&peer, "msgs_sent.dat", &[message(1000, "version", b"v"), message(9000, "tx", b"abc")]);
    let errors = |bad: Vec<u8>| {
        put(&peer, "msgs_recv.dat", &[message(2000, "version", b"w"), bad]);
        let (events, errors) = read(folder.path());
        assert_eq!(events.len(), 4, "{events:?}");
        let [error] = &errors[..] else { panic!("{errors:?}") };
        error.strip_prefix("10.0.0.1_8333/msgs_recv.dat: byte ").unwrap().to_string()
    };
    let good = message(3000, "ping", b"12345678");
    assert_eq!(errors(good[..10].to_vec()), "25: the file ends in the head of a message: 10 of 24 bytes");
    assert_eq!(errors(good[..30].to_vec()), "49: the file ends in the payload of a message: 6 of 8 bytes");
    let mut long = good.clone();
    long[20..24].copy_from_slice(&4_000_001_u32.to_le_bytes());
    assert_eq!(errors(long), "25: the length of a message is 4000001, expected at most 4000000");
    let mut named = good.clone();
    named[9] = 0;
    assert_eq!(
        errors(named),
        "25: a message named \"p\\x00ng\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\", expected printable text and zeros"
    );
    let mut nameless = good;
    nameless[8..20].fill(0);
    assert!(errors(nameless).starts_with("25: a message named \"\\x00"));
}

#[test]
fn time_in_a_file_never_runs_backwards() {
    let folder = tempfile::tempdir().unwrap();
    let messages =
        [message(5000, "version", b""), message(-1, "verack", b""), message(i64::MIN, "ping", b"")];
    put(folder.path(), "msgs_sent.dat", &messages);
    put(folder.path(), "msgs_recv.dat", &[message(4000, "version", b""), message(6000, "verack", b"")]);
    let (events, _) = read(folder.path());
    let times: Vec<_> = events.iter().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(times, ["4", "4", "5", "5", "5", "6"]);
}

#[test]
fn one_file_alone_and_compressed_files_are_read() {
    let real = committed("core-regtest.dat/127.0.0.1_55232");
    let expected = whole(Capture::open(&real).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let peer = folder.path().join("127.0.0.1_55232");
    let received = std::fs::read(real.join("msgs_recv.dat")).unwrap();
    let sent = std::fs::read(real.join("msgs_sent.dat")).unwrap();
    put(&peer, "msgs_recv.dat.gz", &[files::gzip(&received)]);
    put(&peer, "msgs_sent.dat.zst", &[files::zstd(&sent)]);
    assert!(whole(Capture::open(folder.path()).unwrap()) == expected);
    for (name, direction) in [("msgs_recv.dat", Direction::Forward), ("msgs_sent.dat", Direction::Backward)] {
        let alone = messages(whole(Capture::open(&real.join(name)).unwrap()));
        let both = messages(expected.clone()).into_iter().filter(|message| message.1 == direction);
        let plain = |(_, _, time, name, payload): Found| (time, name, payload);
        assert_eq!(alone.into_iter().map(plain).collect::<Vec<_>>(), both.map(plain).collect::<Vec<_>>());
    }
}

/// As many peers as a busy node has in a month: no more than one file is open at a time.
#[test]
fn thousands_of_peers_need_no_thousands_of_open_files() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..1500_u32 {
        let peer = folder.path().join(format!("10.0.{}.{}_8333", number / 250, number % 250));
        put(
            &peer,
            "msgs_recv.dat",
            &[message(i64::from(number), "version", b""), message(2000, "ping", &vec![7; 20_000])],
        );
        put(&peer, "msgs_sent.dat", &[message(1999, "version", b"")]);
    }
    let (events, errors) = read(folder.path());
    assert_eq!((events.len(), errors.len()), (1500 * 4, 0));
}
