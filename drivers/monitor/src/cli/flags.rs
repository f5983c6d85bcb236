//! The verbs and their flags, as clap reads and explains them.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Args, Command, CommandFactory as _, Parser, Subcommand};
use satwire_capture::convert::Us;
use satwire_core::Network;

use super::address::{BindTo, Target};
use super::help::{
    ABOUT, CAPINFO_EXAMPLES, CONVERT_EXAMPLES, DECODE_EXAMPLES, DEMO_EXAMPLES, DIFF_EXAMPLES, EXAMPLES,
    REPLAY_EXAMPLES, WATCH_EXAMPLES,
};
use super::values::{self, Category, FileFormat, Predicate, Speed, Until};
use crate::event_set::EventSet;

/// A mempool monitor for Bitcoin that needs no full node.
#[derive(Debug, Parser)]
#[command(name = "satwire", version, about = ABOUT, after_help = EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = 110)]
pub(super) struct Flags {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Dial peers, or wait for them, and report what they announce, until a signal
    Watch(Box<WatchFlags>),
    /// Show the whole pipeline with recorded traffic and no network
    Demo(DemoFlags),
    /// Explain transactions, in hexadecimal, as Bitcoin Core does
    Decoderawtransaction(DecodeFlags),
    /// Run a journal through the same core and print what 'watch' printed; or read the capture of another program
    Replay(ReplayFlags),
    /// Show what a journal or a capture holds
    Capinfo(CapinfoFlags),
    /// Turn a journal or a capture into another format: a journal, pcapng, Bitcoin Core's files, JSON lines
    Convert(ConvertFlags),
    /// Show where two captures, or two transcripts, part
    Diff(DiffFlags),
}

#[derive(Debug, Args)]
#[command(after_help = WATCH_EXAMPLES, args_override_self = true)]
pub(super) struct WatchFlags {
    #[command(flatten)]
    pub(super) chain: ChainFlags,

    /// Dial this peer and discover none (repeatable); the port defaults to the chain's
    #[arg(long, value_name = "HOST[:PORT]", value_parser = Target::parse, help_heading = "Peers")]
    pub(super) connect: Vec<Target>,
    /// Dial this peer as well as those that are discovered (repeatable); none is discovered yet
    #[arg(long, value_name = "HOST[:PORT]", value_parser = Target::parse, visible_alias = "addpeer")]
    #[arg(help_heading = "Peers")]
    pub(super) addnode: Vec<Target>,
    /// Accept peers, on all interfaces and the chain's port unless --bind says otherwise
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    #[arg(value_name = "0|1", value_parser = values::switch, help_heading = "Peers")]
    pub(super) listen: Option<bool>,
    /// Accept peers at this address (repeatable); the port defaults to the chain's
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = BindTo::parse, help_heading = "Peers")]
    pub(super) bind: Vec<BindTo>,
    /// Add a comment to our user agent, as in BIP14 (repeatable)
    #[arg(long, value_name = "TEXT", value_parser = values::comment, help_heading = "Peers")]
    pub(super) uacomment: Vec<String>,

    /// Milliseconds in which a connection must be open [default: 5000]
    #[arg(long, value_name = "MS", value_parser = values::milliseconds, help_heading = "Timers")]
    pub(super) timeout: Option<Duration>,
    /// Seconds from an open connection to its verack [default: 30 if we dialled, 60 if we accepted]
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Timers")]
    pub(super) peertimeout: Option<Duration>,
    /// Seconds from one ping to the next [default: 120]
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Timers")]
    pub(super) pinginterval: Option<Duration>,
    /// Seconds from a ping to its pong [default: 1200]
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Timers")]
    pub(super) pingtimeout: Option<Duration>,
    /// Seconds from a getdata until the next announcer is asked [default: 60]
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Timers")]
    pub(super) requesttimeout: Option<Duration>,
    /// Seconds from the first announcement of a transaction until it is told how it spread [default: 30]
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Timers")]
    pub(super) propagation: Option<Duration>,
    /// Seconds in which a peer announces nothing, while two others do, until its verdict is invs_stopped
    /// [default: 600]
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Timers")]
    pub(super) invtimeout: Option<Duration>,

    /// Keep a journal of everything that steers the node, for 'satwire replay'; readable by its owner
    /// only, since it holds the addresses of peers and all that they send
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) record: Option<PathBuf>,
    /// Keep the journal in files of about so many bytes, FILE.000001, FILE.000002 and so on
    #[arg(long, value_name = "BYTES", value_parser = values::count, requires = "record", help_heading = "Output")]
    pub(super) record_size: Option<NonZeroU64>,
    /// Keep the last so many of these files, and remove the others
    #[arg(long, value_name = "N", value_parser = values::files, requires = "record_size", help_heading = "Output")]
    pub(super) record_keep: Option<NonZeroU32>,
    /// Replace the file or files of --record if they exist
    #[arg(long, requires = "record", help_heading = "Output")]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) format: FormatFlags,
    /// End after so many transactions
    #[arg(long, value_name = "N", value_parser = values::count, help_heading = "Output")]
    pub(super) count: Option<NonZeroU64>,
    /// End after so many seconds
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Output")]
    pub(super) duration: Option<Duration>,
    /// Tell these events only, by their names in the JSON lines, separated by commas; start, gap and summary
    /// are always told
    #[arg(long, value_name = "LIST", value_parser = EventSet::parse, help_heading = "Output")]
    pub(super) events: Option<EventSet>,
    /// Show a table of the peers on stderr every so many seconds
    #[arg(long, value_name = "SECS", value_parser = values::seconds, help_heading = "Output")]
    pub(super) report: Option<Duration>,
    /// No diagnostics on stderr but errors
    #[arg(long, help_heading = "Output")]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) debug: DebugFlags,
}

/// Which network; all that are given must agree.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each short form")]
pub(super) struct ChainFlags {
    /// The network: main, test, testnet4, signet, regtest or simnet [default: main]
    #[arg(long, value_name = "CHAIN", value_parser = values::chain, help_heading = "Chain")]
    chain: Vec<Network>,
    /// The same as --chain test
    #[arg(long, help_heading = "Chain")]
    testnet: bool,
    /// The same as --chain testnet4
    #[arg(long, help_heading = "Chain")]
    testnet4: bool,
    /// The same as --chain signet
    #[arg(long, help_heading = "Chain")]
    signet: bool,
    /// The same as --chain regtest
    #[arg(long, help_heading = "Chain")]
    regtest: bool,
    /// The same as --chain simnet
    #[arg(long, help_heading = "Chain")]
    simnet: bool,
}

impl ChainFlags {
    /// The one network that was named, or main.
    pub(super) fn network(&self) -> Result<Network, String> {
        Ok(self.given()?.unwrap_or(Network::Main))
    }

    /// The one network that was named, if one was.
    pub(super) fn given(&self) -> Result<Option<Network>, String> {
        let short_forms = [
            (self.testnet, Network::Testnet3),
            (self.testnet4, Network::Testnet4),
            (self.signet, Network::Signet),
            (self.regtest, Network::Regtest),
            (self.simnet, Network::Simnet),
        ];
        let short = short_forms.into_iter().filter_map(|(given, network)| given.then_some(network));
        let mut named = self.chain.iter().copied().chain(short);
        let Some(network) = named.next() else { return Ok(None) };
        match named.find(|other| *other != network) {
            None => Ok(Some(network)),
            Some(other) => Err(format!("two chains, {network} and {other}: give one of them")),
        }
    }
}

/// How the capture of another program is to be read.
#[derive(Debug, Args)]
pub(super) struct ImportFlags {
    /// The end of the connections whose point of view is taken, in a packet capture [default: the end that dialled]
    #[arg(long, value_name = "IP[:PORT]", value_parser = values::us, help_heading = "Captures of others")]
    pub(super) us: Option<Us>,
    #[command(flatten)]
    pub(super) chain: ChainFlags,
}

#[derive(Debug, Args)]
pub(super) struct FormatFlags {
    /// One JSON object a line, the default when stdout is no terminal
    #[arg(long, help_heading = "Output")]
    pub(super) json: bool,
    /// Lines for people, the default on a terminal
    #[arg(long, help_heading = "Output")]
    pub(super) human: bool,
}

#[derive(Debug, Args)]
pub(super) struct DebugFlags {
    /// Tell every message in both directions, and which are ignored: net, or all; none takes it back
    #[arg(long, value_name = "CATEGORY", value_parser = values::category, num_args = 0..=1)]
    #[arg(default_missing_value = "all", help_heading = "Output")]
    debug: Vec<Category>,
    /// With --debug net: show the bytes of each message with labelled fields
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    #[arg(value_name = "0|1", value_parser = values::switch, help_heading = "Output")]
    hex: Option<bool>,
}

impl DebugFlags {
    /// Whether messages are told, if it was said.
    pub(super) fn debug_net(&self) -> Option<bool> {
        self.debug.last().map(|category| *category == Category::Net)
    }

    /// Whether their bytes are shown, if it was said.
    pub(super) fn hex(&self) -> Result<Option<bool>, String> {
        if self.hex == Some(true) && self.debug_net() != Some(true) {
            return Err(
                "--hex shows the bytes of the messages that --debug net tells: add --debug net".into()
            );
        }
        Ok(self.hex)
    }
}

#[derive(Debug, Args)]
#[command(after_help = DEMO_EXAMPLES, args_override_self = true)]
pub(super) struct DemoFlags {
    /// fast (all at once) or realtime (in the recorded rhythm)
    #[arg(long, value_name = "SPEED", value_parser = values::speed, default_value = "fast")]
    pub(super) speed: Speed,
    #[command(flatten)]
    pub(super) format: FormatFlags,
    #[command(flatten)]
    pub(super) debug: DebugFlags,
}

#[derive(Debug, Args)]
#[command(after_help = DECODE_EXAMPLES, args_override_self = true)]
pub(super) struct DecodeFlags {
    #[command(flatten)]
    pub(super) chain: ChainFlags,
    /// Transactions; without any, standard input has one a line
    #[arg(value_name = "HEX")]
    pub(super) transactions: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES, args_override_self = true)]
pub(super) struct ReplayFlags {
    /// A journal of 'satwire watch --record', a pcap or pcapng file, or a message_capture folder of Bitcoin Core
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) import: ImportFlags,
    /// Stop after this time, in seconds since the start, or after this record, as #N
    #[arg(long, value_name = "TIME|#N", value_parser = values::until)]
    pub(super) until: Option<Until>,
    /// Print nothing, write the smallest journal that still does this: panics, differs or closes=REASON
    #[arg(long, value_name = "PREDICATE", value_parser = values::predicate, conflicts_with = "until")]
    pub(super) shrink: Option<Predicate>,
    /// Where the smaller journal goes [default: FILE with .shrunk.journal]
    #[arg(long, value_name = "OUT", requires = "shrink")]
    pub(super) out: Option<PathBuf>,
    /// Replace the file of --out if it exists
    #[arg(long, requires = "shrink")]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) format: FormatFlags,
    /// Tell these events instead of those that were recorded, by their names in the JSON lines, separated by commas
    #[arg(long, value_name = "LIST", value_parser = EventSet::parse, help_heading = "Output")]
    pub(super) events: Option<EventSet>,
    #[command(flatten)]
    pub(super) debug: DebugFlags,
}

#[derive(Debug, Args)]
#[command(after_help = CONVERT_EXAMPLES, args_override_self = true)]
pub(super) struct ConvertFlags {
    /// A journal of 'satwire watch --record', a pcap or pcapng file, or a message_capture folder of Bitcoin Core
    #[arg(value_name = "IN")]
    pub(super) input: PathBuf,
    /// The output: a file, or a folder for Bitcoin Core's files
    #[arg(value_name = "OUT")]
    pub(super) out: PathBuf,
    /// The format that IN must have; its content says which it has
    #[arg(long, value_name = "FORMAT", value_parser = values::file_format)]
    pub(super) from: Option<FileFormat>,
    /// The format of OUT: journal, pcapng, dat or jsonl [default: what OUT ends with]
    #[arg(long, value_name = "FORMAT", value_parser = values::file_format)]
    pub(super) to: Option<FileFormat>,
    /// Replace OUT if it exists
    #[arg(long)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) import: ImportFlags,
}

#[derive(Debug, Args)]
#[command(after_help = CAPINFO_EXAMPLES)]
pub(super) struct CapinfoFlags {
    /// A journal of 'satwire watch --record', a pcap or pcapng file, or a message_capture folder of Bitcoin Core
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) import: ImportFlags,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub(super) struct DiffFlags {
    /// A journal, the capture of another program, or what 'satwire watch' or 'replay' printed
    #[arg(value_name = "A")]
    pub(super) a: PathBuf,
    /// Another
    #[arg(value_name = "B")]
    pub(super) b: PathBuf,
    #[command(flatten)]
    pub(super) import: ImportFlags,
}

/// The whole command, as clap wants it.
pub(super) fn command() -> Command {
    Flags::command().mut_subcommands(|verb| verb.mut_args(as_core_reads_it))
}

/// A switch may carry `=1` or `=0`; a negative number is a value (and refused as one), no flag.
fn as_core_reads_it(arg: Arg) -> Arg {
    if !matches!(arg.get_action(), ArgAction::SetTrue) {
        return arg.allow_negative_numbers(true);
    }
    arg.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("1")
        .default_value("0")
        .hide_default_value(true)
        .value_name("0|1")
        .value_parser(ValueParser::new(values::switch))
}
