//! The cost of recording and of replaying, as ratios to the bare core on the same bytes.
//!
//! The traffic is a real recording, repeated with other transactions until a journal in a temporary folder
//! is large enough. It runs once, in rounds of a few megabytes. In each, three nodes get the same inputs, in
//! turn: one with an environment that does nothing but hand out the recorded words, one with a recorder whose file is
//! the null device, and one in a player that reads the journal from the disk. Outputs are drained alike. The
//! inputs of the first two are decoded before the clock starts. A ratio is that of the 20th percentiles of all
//! rounds; "must" is the least that is accepted, on a quiet machine. The last rows are of the same traffic as packets.
//!
//! ```text
//! cargo bench -p satwire-capture             64 MB for each recording
//! cargo bench -p satwire-capture -- 1024     1 GB
//! cargo bench -p satwire-capture -- 256 tests/captures/two_nodes.journal
//! ```

#![expect(clippy::cast_precision_loss, reason = "figures for people")]

mod dense;
mod import;

use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use satwire_capture::journal::{BackgroundFile, Player, Reader, Record, Recorder, Step};
use satwire_core::Node;
use satwire_core::node::{Environment, Output, Purpose};

use self::dense::Recording;

/// The bytes that a round receives.
const ROUND: usize = 4 << 20;

/// The recordings that are repeated: large reads and large announcements, and small ones.
const RECORDINGS: [&str; 2] = ["many", "two_nodes"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `cargo test --benches` runs this too: a megabyte shows that it works.
    let measuring = arguments.iter().any(|argument| argument == "--bench");
    let megabytes: u64 = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(64);
    let bytes = if measuring { megabytes << 20 } else { 1 << 20 };
    let named: Vec<_> =
        arguments.iter().filter(|argument| argument.ends_with(".journal")).map(PathBuf::from).collect();
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/captures");
    let ours = RECORDINGS.iter().map(|name| captures.join(name).with_extension("journal"));
    for path in if named.is_empty() { ours.collect() } else { named } {
        measure(&path, bytes)?;
    }
    if let Some(line) = peak() {
        println!("peak memory of this process: {line}");
    }
    Ok(())
}

fn measure(path: &Path, bytes: u64) -> Result<(), Box<dyn Error>> {
    let recording = Recording::parse(&std::fs::read(path)?)?;
    let folder = tempfile::tempdir()?;
    let journal = folder.path().join("dense.journal");
    recording.repeat(bytes, BufWriter::new(File::create(&journal)?))?;
    let size = journal.metadata()?.len();
    let mut race = Race::new(&journal)?;
    while race.round()? {}
    let bare_in_all = race.times[0].iter().sum();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let [bare, record, replay] = race.times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 5].as_secs_f64()
    });
    let Race { steps, received, outputs, rounds, .. } = race;
    println!("{name}: {size} bytes, {steps} inputs, {outputs} orders and events, {rounds} rounds");
    let per_round = received as f64 / f64::from(rounds) / 1e6;
    println!("  bare core               {:7.1} MB/s", per_round / bare);
    println!("  replay / bare core      {:7.3}   (must 0.7)", bare / replay);
    println!("  recording / bare core   {:7.3}", bare / record);
    let extra = (size - received) as f64;
    println!("  journal / received      {:7.4}", size as f64 / received as f64);
    println!(
        "  {:.1} bytes an input and {:.1} an event on top of what was received",
        extra / steps as f64,
        extra / outputs as f64
    );
    import::measure(&journal, received, bare_in_all)
}

/// Three nodes that get the same inputs.
struct Race {
    reader: Reader<File>,
    bare: Node<Given>,
    recording: Node<Recorder<Given, BackgroundFile>>,
    player: Player<File>,
    /// Bare, recording, replay: the time of each round.
    times: [Vec<Duration>; 3],
    steps: u64,
    received: u64,
    outputs: u64,
    rounds: u32,
}

impl Race {
    fn new(journal: &Path) -> Result<Self, Box<dyn Error>> {
        let reader = Reader::new(File::open(journal)?)?;
        let player = Player::new(Reader::new(File::open(journal)?)?);
        let prologue = reader.prologue().clone();
        let config = prologue.config.clone();
        let given = || Given(prologue.draws.iter().map(|drawn| drawn.word).collect());
        let null = File::options().write(true).open(if cfg!(windows) { "NUL" } else { "/dev/null" })?;
        let file = BackgroundFile::with_limit(null, BackgroundFile::LIMIT)?;
        let fresh = prologue.clone();
        Ok(Self {
            bare: Node::new(config.clone(), prologue.clock, given()),
            recording: Node::new(config, prologue.clock, Recorder::new(given(), file, fresh)),
            reader,
            player,
            times: Default::default(),
            steps: 0,
            received: 0,
            outputs: 0,
            rounds: 0,
        })
    }

    /// Whether there was anything left.
    fn round(&mut self) -> Result<bool, Box<dyn Error>> {
        let (mut steps, mut size, mut records) = (Vec::new(), 0, 0);
        while size < ROUND
            && let Some(entry) = self.reader.next()
        {
            records += 1;
            if let Record::Step(step) = entry?.record {
                size += received(&step);
                steps.push(step);
            }
        }
        if steps.is_empty() {
            return Ok(false);
        }
        let words = || steps.iter().flat_map(|step| &step.draws).map(|drawn| drawn.word);
        self.bare.environment_mut().0.extend(words());
        self.recording.environment_mut().environment_mut().0.extend(words());
        let mut seen = [0; 3];
        // Each is first once in three rounds.
        for turn in 0..3 {
            let racer = (turn + self.rounds as usize) % 3;
            let start = Instant::now();
            seen[racer] = match racer {
                0 => feed(&mut self.bare, &steps),
                1 => {
                    let seen = feed(&mut self.recording, &steps);
                    self.recording.environment_mut().flush();
                    seen
                }
                _ => play(&mut self.player, records)?,
            };
            self.times[racer].push(start.elapsed());
        }
        assert!(seen[0] > 0 && seen == [seen[0]; 3], "{seen:?} outputs");
        if let Some(ended) = self.recording.environment().ended() {
            return Err(ended.to_string().into());
        }
        self.steps += steps.len() as u64;
        self.received += size as u64;
        self.outputs += seen[0];
        self.rounds += 1;
        Ok(true)
    }
}

fn received(step: &Step) -> usize {
    match &step.input {
        satwire_capture::journal::OwnedInput::Received(_, bytes) => bytes.len(),
        _ => 0,
    }
}

/// Feeds the node as a driver does whose writes are never short; how much it said.
fn feed<E: Environment>(node: &mut Node<E>, steps: &[Step]) -> u64 {
    let mut outputs = 0;
    for step in steps {
        node.handle(step.at, step.input.as_input());
        while let Some(output) = node.poll() {
            if let Output::Transmit(conn) = output {
                let all = node.transmit(conn).len();
                node.transmitted(conn, all);
            } else {
                outputs += 1;
            }
        }
    }
    outputs
}

fn play(player: &mut Player<File>, records: u64) -> Result<u64, Box<dyn Error>> {
    let mut outputs = 0;
    for _ in 0..records {
        player.step()?;
        while player.poll().is_some() {
            outputs += 1;
        }
    }
    Ok(outputs)
}

/// Hands out recorded words, and looks at nothing.
struct Given(VecDeque<u64>);

impl Environment for Given {
    fn draw(&mut self, _purpose: Purpose) -> u64 {
        self.0.pop_front().unwrap_or_default()
    }
}

/// The most memory that the process has had, if the system tells.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().into())
}
