//! The recorded peer on a socket: a thread that listens on loopback and plays to whoever comes first.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::playback::{Gate, Playback, Script, Step};
use crate::cli::Speed;

/// How long the other side may take to do its part.
const PATIENCE: Duration = Duration::from_secs(8);

/// How the play ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Everything was said, and the other side has read it.
    Complete,
    /// The other side did not do this in time, or went away before.
    Stalled(Gate),
    /// The socket failed.
    Failed(io::Error),
}

/// Starts listening on a free port.
pub(super) fn start(script: Script, speed: Speed) -> io::Result<(SocketAddr, JoinHandle<Ending>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let addr = listener.local_addr()?;
    let play = move || {
        let played = listener.accept().and_then(|(stream, _)| play(stream, Playback::new(script), speed));
        played.unwrap_or_else(Ending::Failed)
    };
    Ok((addr, thread::Builder::new().name("recorded peer".into()).spawn(play)?))
}

fn play(mut stream: TcpStream, mut playback: Playback, speed: Speed) -> io::Result<Ending> {
    stream.set_nodelay(true)?;
    let mut last = Instant::now();
    loop {
        match playback.next() {
            Step::Send(after, frame) => {
                let due = last + if speed == Speed::Realtime { after } else { Duration::ZERO };
                while Instant::now() < due {
                    if !listen(&mut stream, &mut playback, due)? {
                        return Ok(Ending::Failed(ErrorKind::ConnectionAborted.into()));
                    }
                }
                stream.write_all(&frame)?;
                last = Instant::now();
            }
            Step::Await(gate) => {
                let deadline = last + PATIENCE;
                if Instant::now() >= deadline || !listen(&mut stream, &mut playback, deadline)? {
                    return Ok(Ending::Stalled(gate));
                }
            }
            Step::Done => {
                // Closing with something unread would reset the connection, and what the other side has
                // not read yet would be lost: it hangs up first.
                stream.shutdown(Shutdown::Write)?;
                let deadline = Instant::now() + PATIENCE;
                while Instant::now() < deadline && listen(&mut stream, &mut playback, deadline)? {}
                return Ok(Ending::Complete);
            }
        }
    }
}

/// Reads once, or until `deadline`; false at the end of the stream.
fn listen(stream: &mut TcpStream, playback: &mut Playback, deadline: Instant) -> io::Result<bool> {
    let wait = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    stream.set_read_timeout(Some(wait))?;
    let mut buffer = [0; 4096];
    match stream.read(&mut buffer) {
        Ok(n) => {
            playback.receive(&buffer[..n]);
            Ok(n > 0)
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(true),
        Err(error) => Err(error),
    }
}
