//! `satwire decoderawtransaction`: transactions in hexadecimal, explained.

mod lines;

use std::fmt;
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::process::ExitCode;

use satwire_core::Network;
use satwire_core::wire::{MAX_BLOCK_WEIGHT, Tx};
use satwire_json::{Transaction, decode_tx, hex, write_pretty};

use self::lines::{Line, Lines};
use crate::cli::Decode;

/// The hex digits of the largest transaction there can be: each byte weighs one unit at least.
const MOST_DIGITS: usize = 2 * MAX_BLOCK_WEIGHT;

/// Characters that may stand around the digits of a line.
const MARGIN: usize = 64;

/// The bytes written at a time.
const PIECE: usize = 64 << 10;

/// Explains the arguments, or each line of standard input.
pub(crate) fn run(decode: &Decode) -> ExitCode {
    let mut session = Session {
        network: decode.network,
        out: BufWriter::with_capacity(PIECE, io::stdout().lock()),
        bytes: Vec::new(),
        all_good: true,
    };
    let ended = if decode.transactions.is_empty() {
        session.lines(io::stdin().lock())
    } else {
        session.arguments(&decode.transactions)
    };
    match ended.and_then(|()| session.out.flush()) {
        Ok(()) if session.all_good => ExitCode::SUCCESS,
        // The reader has what it wanted, as `| head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format_args!("cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
    }
}

struct Session<W> {
    network: Network,
    out: W,
    /// Of the transaction at hand.
    bytes: Vec<u8>,
    all_good: bool,
}

impl<W: Write> Session<W> {
    fn arguments(&mut self, transactions: &[String]) -> io::Result<()> {
        for (transaction, n) in transactions.iter().zip(1..) {
            match self.transaction(transaction.as_bytes()) {
                Ok(tx) => write_pretty(&Transaction::new(&tx, self.network), &mut self.out)?,
                Err(error) => self.refuse(&format_args!("argument {n}: {error}")),
            }
        }
        Ok(())
    }

    fn lines(&mut self, input: impl Read) -> io::Result<()> {
        let mut lines = Lines::new(input, MOST_DIGITS + MARGIN);
        for n in 1_u64.. {
            if lines.may_wait() {
                // A program that asks one by one wants each answer before the next question.
                self.out.flush()?;
            }
            let line = match lines.read() {
                Ok(None) => break,
                Ok(Some(Line::Whole(line))) => line.trim_ascii(),
                Ok(Some(Line::TooLong)) => {
                    self.refuse(&format_args!("line {n}: {TOO_LONG}"));
                    continue;
                }
                Err(error) => {
                    self.refuse(&format_args!("cannot read standard input: {error}"));
                    break;
                }
            };
            match self.transaction(line) {
                Ok(tx) => {
                    serde_json::to_writer(&mut self.out, &Transaction::new(&tx, self.network))?;
                    self.out.write_all(b"\n")?;
                }
                Err(error) => self.refuse(&format_args!("line {n}: {error}")),
            }
        }
        Ok(())
    }

    fn transaction(&mut self, text: &[u8]) -> Result<Tx, String> {
        if text.len() > MOST_DIGITS {
            return Err(TOO_LONG.to_string());
        }
        hex::decode_into(text, &mut self.bytes).map_err(|error| error.to_string())?;
        decode_tx(&self.bytes).map(|tx| tx.to_owned()).map_err(|error| error.to_string())
    }

    fn refuse(&mut self, error: &dyn fmt::Display) {
        self.all_good = false;
        complain(error);
    }
}

const TOO_LONG: TooLong = TooLong;

/// More than a transaction can have.
struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "longer than {MOST_DIGITS} hex digits, which no transaction is that fits in a block")
    }
}

fn complain(text: &dyn fmt::Display) {
    // Nobody may be listening, and then there is nobody to tell.
    let _ = writeln!(io::stderr(), "satwire: {text}");
}
