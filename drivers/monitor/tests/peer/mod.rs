//! The program, started, and a peer on a real socket that announces transactions without end.

use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use satwire_core::Network;
use satwire_core::wire::{self, Command as Name, Header, InvType, Inventory, NetAddress, Services, Version};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// For what takes a moment on an idle machine.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The transactions that a peer serves.
pub(crate) struct Serving {
    /// The transaction with this number.
    pub(crate) transaction: fn(u32) -> Vec<u8>,
    /// How many there are.
    pub(crate) most: u32,
    /// How many are announced together.
    pub(crate) together: u32,
    /// How long it waits before it announces more.
    pub(crate) pause: Duration,
}

/// Small transactions without end.
const FLOOD: Serving = Serving { transaction, most: u32::MAX, together: 200, pause: Duration::ZERO };

/// The program, waiting for peers.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) addr: SocketAddr,
    /// Its words on stderr after its address.
    pub(crate) stderr: BufReader<std::process::ChildStderr>,
}

impl Program {
    /// Starts `satwire watch` on a free port; its lines go to a file.
    pub(crate) fn watch(out: &Path, flags: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_satwire"));
        command.args(["watch", "--regtest", "--bind", "127.0.0.1:0", "--json"]).args(flags);
        Self::start(command, out)
    }

    /// As [`Program::watch`], dialling the peer that is returned.
    pub(crate) fn dialling(out: &Path, flags: &[&str]) -> Outcome<(Self, TcpListener)> {
        let (peer, addr) = listen()?;
        let flags = [flags, &["--connect", &addr]].concat();
        Ok((Self::watch(out, &flags)?, peer))
    }

    pub(crate) fn start(command: Command, out: &Path) -> Outcome<Self> {
        Self::start_to(command, std::fs::File::create(out)?)
    }

    pub(crate) fn start_to(mut command: Command, out: impl Into<Stdio>) -> Outcome<Self> {
        command.stdin(Stdio::null()).stdout(out).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stderr = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let mut line = String::new();
        stderr.read_line(&mut line)?;
        let addr = line.trim().strip_prefix("satwire: listening on ").ok_or(line.clone())?.parse()?;
        Ok(Self { child, addr, stderr })
    }

    /// Waits until it has ended by itself; its exit code, and what it said on stderr.
    pub(crate) fn wait(mut self) -> Outcome<(Option<i32>, String)> {
        let begin = Instant::now();
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if begin.elapsed() > SOON => return Err("does not end".into()),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let mut said = String::new();
        self.stderr.read_to_string(&mut said)?;
        Ok((status.code(), said))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A peer that can be dialled, and its address.
pub(crate) fn listen() -> Outcome<(TcpListener, String)> {
    let peer = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let addr = peer.local_addr()?.to_string();
    Ok((peer, addr))
}

/// Runs the program to its end: exit code, stdout, stderr.
pub(crate) fn run(args: &[&str]) -> Outcome<(Option<i32>, String, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_satwire")).args(args).output()?;
    Ok((output.status.code(), String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> Outcome<&str> {
    Ok(path.to_str().ok_or("a path that is no text")?)
}

/// A folder that is gone in the end, and a file in it.
pub(crate) fn folder(file: &str) -> Outcome<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(file);
    Ok((folder, path))
}

/// Says hello to the program, and then pings it without ever reading, until it reads no more either; the stream, and
/// how many bytes it took.
pub(crate) fn ping_and_never_read(addr: SocketAddr) -> Outcome<(TcpStream, usize)> {
    let mut stream = greet(TcpStream::connect(addr)?)?;
    let magic = Network::Regtest.magic();
    let mut sent = hello().len();
    let mut pings = Vec::new();
    (0..1000).for_each(|nonce| wire::encode_ping(&mut pings, magic, nonce));
    stream.set_write_timeout(Some(Duration::from_secs(2)))?;
    let mut rest = &pings[..];
    loop {
        match stream.write(rest) {
            Ok(more) => {
                sent += more;
                rest = &rest[more..];
                if rest.is_empty() {
                    rest = &pings;
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Ok((stream, sent));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Says hello to the program, and nothing more.
pub(crate) fn greet(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.write_all(&hello())?;
    Ok(stream)
}

/// The peer's half of the handshake.
fn hello() -> Vec<u8> {
    let (magic, mut bytes) = (Network::Regtest.magic(), Vec::new());
    version().encode(&mut bytes, magic);
    wire::encode_frame(&mut bytes, magic, Name::VERACK, |_| {});
    bytes
}

/// The first words of the peer.
fn version() -> Version {
    Version {
        version: 70016,
        services: Services::NETWORK | Services::WITNESS,
        timestamp: 1_795_363_090,
        addr_recv: NetAddress::UNSPECIFIED,
        addr_from: NetAddress::UNSPECIFIED,
        nonce: 0x0102_0304_0506_0708,
        user_agent: b"/flood:1/".to_vec(),
        start_height: 1,
        relay: true,
    }
}

/// Serves new transactions to the program that dials here, until it goes away or this time is over; how many.
pub(crate) fn flood(dialled: &TcpListener, until: Instant) -> Outcome<u32> {
    serve(dialled.accept()?.0, until, FLOOD)
}

/// Serves these transactions to the program until it goes away or this time is over; how many.
pub(crate) fn serve(stream: TcpStream, until: Instant, serving: Serving) -> Outcome<u32> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    let mut peer =
        Peer { stream, magic: Network::Regtest.magic(), input: Vec::new(), next: 0, open: 0, serving };
    let mut hello = Vec::new();
    version().encode(&mut hello, peer.magic);
    let mut ready = peer.stream.write_all(&hello).is_ok();
    while ready && Instant::now() < until {
        ready = peer.turn().is_ok();
    }
    Ok(peer.next - peer.open)
}

struct Peer {
    stream: TcpStream,
    magic: satwire_core::Magic,
    input: Vec<u8>,
    /// The number of the next transaction.
    next: u32,
    /// Announced and not asked for yet.
    open: u32,
    serving: Serving,
}

impl Peer {
    /// Reads once and answers.
    fn turn(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1 << 14];
        match self.stream.read(&mut buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => self.input.extend_from_slice(&buffer[..more]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        let mut out = Vec::new();
        let input = std::mem::take(&mut self.input);
        let mut rest = &input[..];
        while let Some(header) = rest.first_chunk().map(Header::decode) {
            let end = Header::LEN + header.length as usize;
            let Some(payload) = rest.get(Header::LEN..end) else { break };
            self.answer(&mut out, header.command(), payload);
            rest = &rest[end..];
        }
        self.input = rest.to_vec();
        self.stream.write_all(&out)
    }

    fn answer(&mut self, out: &mut Vec<u8>, command: Option<Name>, payload: &[u8]) {
        match command {
            Some(Name::VERSION) => wire::encode_frame(out, self.magic, Name::VERACK, |_| {}),
            Some(Name::VERACK) => {
                // Nobody has a use for this one.
                wire::encode_frame(out, self.magic, Name::new("other"), |_| {});
                self.announce(out);
            }
            Some(Name::PING) => {
                let nonce = payload.first_chunk().map_or(0, |nonce| u64::from_le_bytes(*nonce));
                wire::encode_pong(out, self.magic, nonce);
            }
            Some(Name::GETDATA) => {
                // A count, and so many entries of 36 bytes.
                let asked = (payload.len() / 36) as u32;
                // They are asked for in the order in which they were announced.
                for number in self.next - self.open..self.next - self.open + asked {
                    wire::encode_frame(out, self.magic, Name::TX, |out| {
                        out.extend((self.serving.transaction)(number));
                    });
                }
                self.open -= asked;
                if self.open == 0 {
                    self.announce(out);
                }
            }
            _ => {}
        }
    }

    fn announce(&mut self, out: &mut Vec<u8>) {
        let together = self.serving.together.min(self.serving.most - self.next);
        if together == 0 {
            return;
        }
        std::thread::sleep(self.serving.pause);
        let hash = |number| wire::sha256d(&(self.serving.transaction)(number));
        let numbers = self.next..self.next + together;
        let items = numbers.map(|number| Inventory { inv_type: InvType::TX, hash: hash(number) });
        wire::encode_inventory(out, self.magic, Name::INV, items);
        self.next += together;
        self.open = together;
    }
}

/// The small transaction with this number.
pub(crate) fn transaction(number: u32) -> Vec<u8> {
    paying(&[&[0, 20][..], &[9; 20]].concat(), number)
}

/// One input, one output to this script, and the number as lock time.
pub(crate) fn paying(script: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 1];
    bytes.extend([7; 36]);
    bytes.extend([0, 0xff, 0xff, 0xff, 0xff, 1]);
    bytes.extend(5000_u64.to_le_bytes());
    if script.len() < 0xfd {
        bytes.push(script.len() as u8);
    } else {
        bytes.push(0xfd);
        bytes.extend((script.len() as u16).to_le_bytes());
    }
    bytes.extend(script);
    bytes.extend(number.to_le_bytes());
    bytes
}
