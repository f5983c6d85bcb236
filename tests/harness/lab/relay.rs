//! A wire between a program and a node: as long as a test wants it, or cut in one direction for a while.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{LabError, ports};

/// Accepts connections on loopback, and carries the bytes of each to a node and back, each byte so much later.
///
/// When it is dropped it accepts no more; a connection lasts as long as its two ends.
#[derive(Debug)]
pub struct Relay {
    addr: SocketAddr,
    way_in: Arc<Mutex<()>>,
    ended: Arc<AtomicBool>,
}

impl Relay {
    /// Listens for those that want to reach `node`. `delay` is that of each direction.
    pub fn start(node: SocketAddr, delay: Duration) -> Result<Self, LabError> {
        let addr = ports::free_address()?;
        let listener = TcpListener::bind(addr).map_err(LabError::io(format!("a relay at {addr}")))?;
        let relay = Self { addr, way_in: Arc::default(), ended: Arc::default() };
        let (way_in, ended) = (Arc::clone(&relay.way_in), Arc::clone(&relay.ended));
        thread::spawn(move || {
            for program in listener.incoming() {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                // A node that is gone ends the connection at once, as a program at its other end sees it.
                if let (Ok(program), Ok(node)) = (program, TcpStream::connect(node)) {
                    let _ = join(&program, &node, delay, &way_in);
                }
            }
        });
        Ok(relay)
    }

    /// Where the node is reached through it.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Keeps back what is on its way to the node, until the guard is dropped. The bytes that the node sends arrive.
    pub fn hold(&self) -> MutexGuard<'_, ()> {
        self.way_in.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the one that accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.addr.port()));
    }
}

fn join(
    program: &TcpStream,
    node: &TcpStream,
    delay: Duration,
    way_in: &Arc<Mutex<()>>,
) -> std::io::Result<()> {
    for stream in [program, node] {
        stream.set_nodelay(true)?;
    }
    carry(program.try_clone()?, node.try_clone()?, delay, Arc::clone(way_in));
    carry(node.try_clone()?, program.try_clone()?, delay, Arc::default());
    Ok(())
}

/// Carries one direction, by two threads, until one of its ends is closed.
fn carry(mut from: TcpStream, mut to: TcpStream, delay: Duration, way: Arc<Mutex<()>>) {
    let (sender, under_way) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut bytes = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if sender.send((Instant::now() + delay, bytes[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, bytes) in under_way {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let _open = way.lock();
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(30);

    /// A node that sends back what it gets, and a program that reaches it through a relay.
    fn relayed() -> (Relay, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let relay = Relay::start(listener.local_addr().expect("it is bound"), DELAY).expect("another port");
        thread::spawn(move || {
            let (mut echo, _) = listener.accept()?;
            std::io::copy(&mut echo.try_clone()?, &mut echo)
        });
        let program = TcpStream::connect(relay.addr()).expect("the relay listens");
        program.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout is no zero");
        (relay, program)
    }

    #[test]
    fn bytes_arrive_later_and_in_order() {
        let (_relay, mut program) = relayed();
        let (start, mut answer) = (Instant::now(), [0; 4]);
        program.write_all(b"ab").and_then(|()| program.write_all(b"cd")).expect("the relay reads");
        program.read_exact(&mut answer).expect("the echo comes");
        assert_eq!(&answer, b"abcd");
        assert!(start.elapsed() >= 2 * DELAY, "{:?}", start.elapsed());
        // The end of one end is that of the other.
        program.shutdown(Shutdown::Write).expect("it is open");
        assert_eq!(program.read(&mut answer).ok(), Some(0));
    }

    #[test]
    fn what_is_held_comes_when_it_is_let_go() {
        let (relay, mut program) = relayed();
        let (held, mut answer) = (relay.hold(), [0]);
        program.write_all(b"a").expect("the relay reads");
        program.set_read_timeout(Some(5 * DELAY)).expect("a timeout is no zero");
        assert!(program.read(&mut answer).is_err(), "it is held");
        drop(held);
        program.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout is no zero");
        program.read_exact(&mut answer).expect("the echo comes");
        assert_eq!(&answer, b"a");
    }
}
