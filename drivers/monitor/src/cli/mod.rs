//! The command line: from arguments to plain settings, before anything is opened.

mod address;
mod argv;
mod flags;
mod help;
mod negation;
mod refusal;
mod stdout;
mod values;

use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use clap::FromArgMatches as _;
use satwire_capture::convert::ImportOptions;
use satwire_core::node::Address;
use satwire_core::wire::MAX_USER_AGENT;
use satwire_core::{Config, Network, user_agent};

use self::flags::{
    CapinfoFlags, ConvertFlags, DecodeFlags, DemoFlags, DiffFlags, Flags, FormatFlags, ImportFlags,
    ReplayFlags, Verb, WatchFlags,
};
pub(crate) use self::refusal::Refusal;
pub(crate) use self::stdout::{Look, Stdout};
pub(crate) use self::values::{FileFormat, Predicate, Speed, Until};
use crate::capture::Lines;
use crate::event_set::EventSet;
use crate::options::Options;

/// The wish of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Watch(Box<Watch>),
    Demo(Demo),
    Decode(Decode),
    Replay(Replay),
    Capinfo(Capinfo),
    Convert(Convert),
    Diff(Diff),
}

/// Dial peers, wait for others, and report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) network: Network,
    pub(crate) config: Config,
    /// Peers to dial, in the order given, each once.
    pub(crate) dial: Vec<Address>,
    /// Where to listen. An IPv6 socket among them must be for IPv6 only: IPv4 has its own.
    pub(crate) bind: Vec<SocketAddr>,
    pub(crate) end: End,
    pub(crate) record: Option<Record>,
    pub(crate) format: Format,
    /// No diagnostics on stderr but errors.
    pub(crate) quiet: bool,
    /// `--debug net`: messages become events.
    pub(crate) debug_net: bool,
    /// `--hex`: with their bytes, labelled.
    pub(crate) hex: bool,
    /// The events that are told; without a list the usual ones.
    pub(crate) events: Option<EventSet>,
    /// How often a table of the peers is shown on stderr.
    pub(crate) report: Option<Duration>,
}

impl Watch {
    /// The options that shape the lines.
    pub(crate) const fn options(&self) -> Options {
        Options { debug_net: self.debug_net, hex: self.hex, count: self.end.count, events: self.events }
    }
}

/// A journal to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) file: PathBuf,
    /// Replace the file if it exists.
    pub(crate) force: bool,
    /// In several files.
    pub(crate) files: Option<Files>,
}

/// How a journal is kept in several files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    /// Bytes of a file from which on another one is begun.
    pub(crate) size: NonZeroU64,
    /// How many are kept, if not all.
    pub(crate) keep: Option<NonZeroU32>,
}

/// The pipeline on recorded traffic, without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demo {
    pub(crate) speed: Speed,
    pub(crate) format: Format,
    /// As [`Watch::debug_net`].
    pub(crate) debug_net: bool,
    /// As [`Watch::hex`].
    pub(crate) hex: bool,
}

/// Transactions, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decode {
    /// The network whose addresses are shown.
    pub(crate) network: Network,
    /// Each in hexadecimal. If there are none, they come line by line on standard input.
    pub(crate) transactions: Vec<String>,
}

/// A journal, run through the core again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Replay {
    pub(crate) file: PathBuf,
    pub(crate) until: Option<Until>,
    pub(crate) shrink: Option<Shrink>,
    pub(crate) format: Format,
    /// As [`Watch::debug_net`]; as it was recorded if it is not given.
    pub(crate) debug_net: Option<bool>,
    /// As [`Watch::hex`]; as it was recorded if it is not given.
    pub(crate) hex: Option<bool>,
    /// As [`Watch::events`]; as it was recorded if it is not given.
    pub(crate) events: Option<EventSet>,
    /// How the capture of another program is to be read.
    pub(crate) import: ImportOptions,
}

impl Replay {
    /// Which lines are printed.
    pub(crate) fn lines(&self) -> Lines {
        let Self { format, debug_net, hex, events, until, .. } = *self;
        Lines { format, debug_net, events, hex, until }
    }
}

/// The options of `capinfo`: what a journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capinfo {
    pub(crate) file: PathBuf,
    pub(crate) json: bool,
    /// How the capture of another program is to be read.
    pub(crate) import: ImportOptions,
}

/// A journal or a capture, as a file of another format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Convert {
    pub(crate) input: PathBuf,
    pub(crate) out: PathBuf,
    /// The format that the input must have, if one was named.
    pub(crate) from: Option<FileFormat>,
    pub(crate) to: FileFormat,
    /// Replace what is there.
    pub(crate) force: bool,
    pub(crate) import: ImportOptions,
}

/// Where two captures or transcripts part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diff {
    pub(crate) a: PathBuf,
    pub(crate) b: PathBuf,
    /// How the captures of other programs are to be read.
    pub(crate) import: ImportOptions,
}

/// A smaller journal, instead of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shrink {
    pub(crate) predicate: Predicate,
    pub(crate) out: PathBuf,
    /// Replace the file if it exists.
    pub(crate) force: bool,
}

/// When to stop of one's own accord: at whatever comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// After so many transactions.
    pub(crate) count: Option<NonZeroU64>,
    /// After this time.
    pub(crate) duration: Option<Duration>,
}

/// The form of the lines on stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object a line.
    Json,
    /// Lines for people.
    Human(Look),
}

/// Understands the arguments, of which the first is the program's name.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>, stdout: Stdout) -> Result<Action, Refusal> {
    let args = argv::with_two_dashes(args)?;
    let verb = argv::verb(&args);
    let args = negation::resolve(args, verb)?;
    let refuse = |error| Refusal::of(&error, &args, verb);
    let matches = flags::command().try_get_matches_from(&args).map_err(refuse)?;
    match Flags::from_arg_matches(&matches).map_err(refuse)?.verb {
        Verb::Watch(flags) => watch(*flags, stdout).map(|watch| Action::Watch(Box::new(watch))),
        Verb::Demo(flags) => demo(&flags, stdout).map(Action::Demo),
        Verb::Decoderawtransaction(flags) => decode(flags).map(Action::Decode),
        Verb::Replay(flags) => replay(flags, stdout).map(Action::Replay),
        Verb::Convert(flags) => convert(flags).map(Action::Convert),
        Verb::Capinfo(flags) => capinfo(flags).map(Action::Capinfo),
        Verb::Diff(flags) => diff(flags).map(Action::Diff),
    }
    .map_err(|reason| Refusal::usage(&reason, verb))
}

fn watch(flags: WatchFlags, stdout: Stdout) -> Result<Watch, String> {
    let network = flags.chain.network()?;
    let bind = bind(&flags, network)?;
    let record = record(&flags);
    let mut dial = Vec::new();
    for target in flags.connect.into_iter().chain(flags.addnode) {
        let address = target.with_port(network.default_port());
        if !dial.contains(&address) {
            dial.push(address);
        }
    }
    if dial.is_empty() && bind.is_empty() {
        return Err("nobody to watch: satwire cannot discover peers yet, so give --connect HOST[:PORT] or \
                    --addnode HOST[:PORT] (whom to dial), or --listen (wait for peers); 'satwire demo' needs \
                    no network"
            .into());
    }
    let mut config = Config::new(network);
    config.user_agent = user_agent(&flags.uacomment);
    let len = config.user_agent.len() as u64;
    if len > MAX_USER_AGENT {
        return Err(format!(
            "--uacomment: the user agent becomes {len} bytes long, at most {MAX_USER_AGENT} are allowed: \
             shorten it by {}",
            len - MAX_USER_AGENT
        ));
    }
    set(&mut config.connect_timeout, flags.timeout);
    set(&mut config.outbound_handshake_timeout, flags.peertimeout);
    set(&mut config.inbound_handshake_timeout, flags.peertimeout);
    set(&mut config.ping_interval, flags.pinginterval);
    set(&mut config.ping_timeout, flags.pingtimeout);
    set(&mut config.request_timeout, flags.requesttimeout);
    set(&mut config.propagation_age, flags.propagation);
    set(&mut config.inv_timeout, flags.invtimeout);
    Ok(Watch {
        network,
        config,
        dial,
        bind,
        end: End { count: flags.count, duration: flags.duration },
        record,
        format: format(&flags.format, stdout)?,
        quiet: flags.quiet,
        debug_net: flags.debug.debug_net() == Some(true),
        hex: flags.debug.hex()? == Some(true),
        events: flags.events,
        report: flags.report,
    })
}

/// The journal that is to be kept.
fn record(flags: &WatchFlags) -> Option<Record> {
    let files = flags.record_size.map(|size| Files { size, keep: flags.record_keep });
    flags.record.clone().map(|file| Record { file, force: flags.force, files })
}

fn demo(flags: &DemoFlags, stdout: Stdout) -> Result<Demo, String> {
    Ok(Demo {
        speed: flags.speed,
        format: format(&flags.format, stdout)?,
        debug_net: flags.debug.debug_net() == Some(true),
        hex: flags.debug.hex()? == Some(true),
    })
}

fn decode(flags: DecodeFlags) -> Result<Decode, String> {
    Ok(Decode { network: flags.chain.network()?, transactions: flags.transactions })
}

fn replay(flags: ReplayFlags, stdout: Stdout) -> Result<Replay, String> {
    let shrink = flags.shrink.map(|predicate| {
        let out = flags.out.unwrap_or_else(|| flags.file.with_extension("shrunk.journal"));
        Shrink { predicate, out, force: flags.force }
    });
    if let Some(shrink) = shrink.as_ref().filter(|shrink| shrink.out == flags.file) {
        return Err(format!("--out {} is the journal itself: choose another name", shrink.out.display()));
    }
    Ok(Replay {
        file: flags.file,
        until: flags.until,
        shrink,
        format: format(&flags.format, stdout)?,
        debug_net: flags.debug.debug_net(),
        hex: flags.debug.hex()?,
        import: import(&flags.import)?,
        events: flags.events,
    })
}

fn diff(flags: DiffFlags) -> Result<Diff, String> {
    Ok(Diff { import: import(&flags.import)?, a: flags.a, b: flags.b })
}

fn capinfo(flags: CapinfoFlags) -> Result<Capinfo, String> {
    Ok(Capinfo { import: import(&flags.import)?, file: flags.file, json: flags.json })
}

fn convert(flags: ConvertFlags) -> Result<Convert, String> {
    let to = match flags.to {
        Some(to) => to,
        None => FileFormat::of_path(&flags.out).ok_or_else(|| {
            format!(
                "what is {} to be? Name it .journal, .pcapng, .dat or .jsonl, or give --to",
                flags.out.display()
            )
        })?,
    };
    if to == FileFormat::Pcap {
        return Err("pcap has no room for what satwire has to say: convert to pcapng".into());
    }
    if flags.from == Some(FileFormat::Jsonl) {
        return Err("jsonl holds events, and cannot be converted back: give --from another format".into());
    }
    let import = import(&flags.import)?;
    Ok(Convert { input: flags.input, out: flags.out, from: flags.from, to, force: flags.force, import })
}

/// How the capture of another program is to be read.
fn import(flags: &ImportFlags) -> Result<ImportOptions, String> {
    let magic = flags.chain.given()?.map(Network::magic);
    Ok(ImportOptions::new(flags.us, magic))
}

/// Where to listen: where it says, or on all interfaces.
fn bind(flags: &WatchFlags, network: Network) -> Result<Vec<SocketAddr>, String> {
    let port = network.default_port();
    let mut bind = Vec::new();
    for place in &flags.bind {
        let addr = place.with_port(port);
        if !bind.contains(&addr) {
            bind.push(addr);
        }
    }
    match (flags.listen, bind.first()) {
        (Some(false), Some(addr)) => {
            Err(format!("--bind {addr} needs --listen, but --listen=0 turns it off: leave one of them out"))
        }
        (Some(true), None) => {
            Ok(vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()])
        }
        _ => Ok(bind),
    }
}

fn format(flags: &FormatFlags, stdout: Stdout) -> Result<Format, String> {
    let human = Format::Human(stdout.look);
    match (flags.json, flags.human) {
        (true, true) => Err("--json and --human exclude each other: give one of them".into()),
        (true, false) => Ok(Format::Json),
        (false, true) => Ok(human),
        (false, false) => Ok(if stdout.is_terminal { human } else { Format::Json }),
    }
}

fn set(field: &mut Duration, value: Option<Duration>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests;
