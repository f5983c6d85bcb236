//! The captures of `tests/captures` through the core again: the same happens, wherever their byte
//! streams are cut, and it can be read in `snapshots/`.

use std::fs;
use std::path::{Path, PathBuf};

use harness::Transcript;
use satwire_capture::journal::{EndReason, Ending, OwnedInput, Player, Reader, Record, Recorder, Step, Tape};
use satwire_core::Node;
use satwire_core::node::{ConnId, Input, Output};

/// How the recorded reads are given to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// As they were.
    Recorded,
    /// Byte by byte.
    Bytes,
    /// Neighbours on one connection together, if nothing was sent and no deadline fired between them.
    Joined,
    /// As they were, and nothing is taken out of the node before the end.
    DrainedLate,
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let files = fs::read_dir(folder).expect("the captures are there");
    let files = files.map(|file| file.expect("a readable folder").path());
    let mut journals: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|ext| ext == "journal")).collect();
    journals.sort();
    assert!(journals.len() >= 7, "{journals:?}");
    journals
}

fn read(capture: &Path) -> Vec<u8> {
    fs::read(capture).unwrap_or_else(|error| panic!("{}: {error}", capture.display()))
}

/// A node that is fed what another was fed.
struct Replica {
    node: Node<Transcript<Tape>>,
    tape: Tape,
}

impl Replica {
    fn new(journal: &[u8]) -> Self {
        let reader = Reader::new(journal).expect("a journal");
        let prologue = reader.prologue().clone();
        let tape = Tape::new();
        tape.load(&prologue.draws);
        let transcript = Transcript::on(prologue.config.magic.0, tape.clone());
        Self { node: Node::new(prologue.config, prologue.clock, transcript), tape }
    }

    /// Feeds a step and returns what it adds to the transcript.
    fn feed(&mut self, step: &Step, cut: Cut) -> &str {
        let before = self.node.environment().text().len();
        self.tape.load(&step.draws);
        match &step.input {
            OwnedInput::Received(conn, bytes) if cut == Cut::Bytes => {
                for byte in bytes.chunks(1) {
                    self.node.handle(step.at, Input::Received(*conn, byte));
                }
            }
            input => self.node.handle(step.at, input.as_input()),
        }
        self.tape.check().expect("every recorded word is drawn");
        if cut != Cut::DrainedLate {
            drain(&mut self.node);
        }
        &self.node.environment().text()[before..]
    }
}

/// Returns the transcript of a node that is fed the journal, cut like this.
fn transcript(journal: &[u8], cut: Cut) -> String {
    let steps = match cut {
        Cut::Joined => joined(journal),
        _ => steps(&mut Reader::new(journal).expect("a journal")),
    };
    let mut replica = Replica::new(journal);
    for step in &steps {
        replica.feed(step, cut);
    }
    drain(&mut replica.node);
    replica.node.environment().text().to_owned()
}

fn steps(reader: &mut Reader<&[u8]>) -> Vec<Step> {
    let mut steps = Vec::new();
    for entry in &mut *reader {
        if let Record::Step(step) = entry.expect("a whole record").record {
            steps.push(step);
        }
    }
    assert_eq!(reader.ending(), Ending::Marked(EndReason::Clean));
    steps
}

/// Takes everything out of the node, as if it had been written.
fn drain(node: &mut Node<Transcript<Tape>>) {
    while let Some(output) = node.poll() {
        if let Output::Transmit(conn) = output {
            node.transmitted(conn, usize::MAX);
        }
    }
}

/// Joins each read to the one before it on the same connection, if nothing was sent because of that
/// one and nothing else happened between them. The events of the earlier one come later then.
fn joined(journal: &[u8]) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    let mut sent_before = true;
    let mut node = Replica::new(journal);
    for step in steps(&mut Reader::new(journal).expect("a journal")) {
        let said = node.feed(&step, Cut::Recorded);
        if let (OwnedInput::Received(conn, bytes), Some(last)) = (&step.input, all.last_mut())
            && let OwnedInput::Received(last_conn, last_bytes) = &mut last.input
            && conn == last_conn
            && !sent_before
        {
            last_bytes.extend_from_slice(bytes);
            last.at = step.at;
            last.draws.extend_from_slice(&step.draws);
        } else {
            all.push(step);
        }
        sent_before = said.contains(" → ");
    }
    all
}

/// The lines without what depends on when a read was given to the node.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains(['s', 'µ']);
    let line = |line: &str| {
        let words = line.split(' ').skip(1).map(|word| if is_time(word) { "(time)" } else { word });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_capture_happens_again_as_its_snapshot_says() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for capture in captures() {
        let name = capture.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = transcript(&read(&capture), Cut::Recorded);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[test]
fn where_the_streams_are_cut_does_not_matter() {
    let mut joins = 0;
    for capture in captures() {
        let journal = read(&capture);
        let recorded = transcript(&journal, Cut::Recorded);
        for cut in [Cut::Bytes, Cut::DrainedLate] {
            assert_eq!(transcript(&journal, cut), recorded, "{} {cut:?}", capture.display());
        }
        // Bytes that are read together are told together: all but the times is the same.
        let all = steps(&mut Reader::new(&journal[..]).expect("a journal")).len();
        joins += all - joined(&journal).len();
        let joined = transcript(&journal, Cut::Joined);
        assert_eq!(timeless(&joined), timeless(&recorded), "{} joined", capture.display());
    }
    assert!(joins > 0, "no capture has reads that can be joined");
}

/// The player compares every step with the marks and digests that were recorded.
#[test]
fn each_capture_replays_and_is_recorded_again_byte_for_byte() {
    for capture in captures() {
        let journal = read(&capture);
        let reader = Reader::new(&journal[..]).expect("a journal");
        let prologue = reader.prologue().clone();
        let mut again = Vec::new();
        let mut player = Player::watched(reader, |tape| Recorder::new(tape, &mut again, prologue));
        let ending = player.run(|_| {}).unwrap_or_else(|error| panic!("{}: {error}", capture.display()));
        assert_eq!(ending, Ending::Marked(EndReason::Clean));
        player.environment_mut().finish();
        drop(player);
        assert!(again == journal, "{} is recorded otherwise", capture.display());
    }
}

/// A change of one constant is named by the record where it shows.
#[test]
fn a_changed_constant_is_named() {
    let journal = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures/pings.journal"));
    // As if the default had been another when this was recorded: the journal says what it was, so a
    // player with another node is made by hand.
    let mut reader = Reader::new(&journal[..]).expect("a journal");
    let prologue = reader.prologue().clone();
    let mut config = prologue.config;
    config.user_agent.push_str("other/");
    let tape = Tape::new();
    tape.load(&prologue.draws);
    let digested = satwire_capture::journal::Digested::new(tape.clone());
    let mut node = Node::new(config, prologue.clock, digested);
    let differs = steps(&mut reader).iter().position(|step| {
        tape.load(&step.draws);
        let before = node.environment().digest().count();
        node.handle(step.at, step.input.as_input());
        let digest = node.environment().digest();
        (digest.count() != before).then(|| digest.mark()) != step.mark
    });
    // Dial, then Connected: the first message is our version, which carries the user agent.
    assert_eq!(differs, Some(1));
    assert_eq!(node.next_conn(), ConnId(2));
}
