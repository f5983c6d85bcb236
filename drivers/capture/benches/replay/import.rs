//! The cost of another program's capture: the same traffic as packets, read, put together, and kept as a journal; read
//! and observed; and read by tshark, if that is there.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use satwire_capture::convert::export::PacketWriter;
use satwire_capture::convert::{ImportOptions, Observer, Opened, Story};
use satwire_capture::journal::{EndReason, Observed, Way, Writer};

/// Measures and prints. `bare` is what the bare core took for the bytes that were `received`.
pub(crate) fn measure(journal: &Path, received: u64, bare: Duration) -> Result<(), Box<dyn Error>> {
    let packets = journal.with_extension("pcapng");
    export(journal, &packets)?;
    let size = packets.metadata()?.len();
    let ratio = |time: Duration| bare.as_secs_f64() / time.as_secs_f64();
    let import = best(|| import(&packets, received))?;
    println!("  import of {size} bytes of pcapng into a journal:");
    println!("  import / bare core      {:7.3}   (must 0.5)", ratio(import));
    let plain = best(|| observe(&packets, Observer::without_differences))?;
    println!("  and observed            {:7.3}   without differences", ratio(plain));
    let both = best(|| observe(&packets, |observer| observer))?;
    println!("  and observed            {:7.3}   with differences: our core runs beside it", ratio(both));
    match tshark(&packets) {
        Some(time) => {
            let times = time.as_secs_f64() / import.as_secs_f64();
            println!("  import / tshark         {times:7.1}   tshark -Y bitcoin on the same file");
        }
        None => println!("  import / tshark         tshark is not there"),
    }
    Ok(())
}

fn export(journal: &Path, packets: &Path) -> Result<(), Box<dyn Error>> {
    let mut story = Opened::open(journal, "bench", ImportOptions::default())?.observed(journal);
    let mut writer = PacketWriter::new(BufWriter::new(File::create(packets)?), story.prologue())?;
    for observation in &mut story {
        writer.observation(&observation?)?;
    }
    Ok(writer.finish()?)
}

/// The best of three.
fn best(mut run: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        run()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn open(packets: &Path) -> Result<Story, Box<dyn Error>> {
    Ok(Opened::open(packets, "bench", ImportOptions::default())?.observed(packets))
}

fn import(packets: &Path, received: u64) -> Result<(), Box<dyn Error>> {
    let mut story = open(packets)?;
    let mut writer = Writer::new(io::sink(), story.prologue());
    let mut seen = 0;
    for observation in &mut story {
        let observation = observation?;
        if let Observed::Bytes(Way::Received, bytes) = &observation.what {
            seen += bytes.len() as u64;
        }
        writer.observation(&observation);
    }
    writer.finish(EndReason::Clean);
    if seen == received { Ok(()) } else { Err(format!("{seen} of {received} bytes were imported").into()) }
}

fn observe(packets: &Path, with: impl Fn(Observer) -> Observer) -> Result<(), Box<dyn Error>> {
    let mut story = open(packets)?;
    let mut observer = with(Observer::new(story.prologue()));
    let mut found = 0_u64;
    for observation in &mut story {
        observer.observe(observation?);
        while observer.poll().is_some() {
            found += 1;
        }
    }
    observer.finish();
    while observer.poll().is_some() {
        found += 1;
    }
    if found == 0 { Err("nothing was found".into()) } else { Ok(()) }
}

/// How long tshark takes to find the messages. The recordings are of simnet, whose magic it does not know.
fn tshark(packets: &Path) -> Option<Duration> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(packets).args(["-d", "tcp.port==1-65535,bitcoin", "-Y", "bitcoin"]);
    let start = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then(|| start.elapsed())
}
