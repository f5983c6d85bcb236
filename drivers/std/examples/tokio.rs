//! A [`Node`] on tokio's `current_thread` loop, a task for each connection: dials the address or
//! `name:port` that is the first argument, prints what happens, and ends when the connection has ended.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;

use satwire_core::node::{Address, ConnId, ConnMap, EventKind, Input, Output, Purpose};
use satwire_core::{Config, Network, Node};
use satwire_std::{Clock, READ, io_error, look_up};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, LocalSet, spawn_blocking, spawn_local};

type Words = fn(Purpose) -> u64;

/// A random random from the operating system, by way of the standard library.
fn random(_purpose: Purpose) -> u64 {
    RandomState::new().build_hasher().finish()
}

/// A connection's task, and how it is told that there is something to write.
type Task = (JoinHandle<()>, Rc<Notify>);

/// The state that all tasks share; never borrowed while one waits.
struct Driver {
    node: RefCell<Node<Words>>,
    clock: RefCell<Clock>,
    tasks: RefCell<ConnMap<Task>>,
    /// The next deadline may be another one.
    changed: Notify,
    done: Notify,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arg = std::env::args().nth(1).ok_or_else(|| io::Error::other("an address"))?;
    let address = match (arg.parse(), arg.rsplit_once(':')) {
        (Ok(addr), _) => Address::Socket(addr),
        (_, Some((host, port))) => {
            Address::Name { host: host.into(), port: port.parse().map_err(io::Error::other)? }
        }
        _ => return Err(io::Error::other("neither an address nor a name and a port")),
    };
    let clock = Clock::start();
    let driver = Rc::new(Driver {
        node: RefCell::new(Node::new(Config::new(Network::Regtest), clock.wall(), random)),
        clock: RefCell::new(clock),
        tasks: RefCell::default(),
        changed: Notify::new(),
        done: Notify::new(),
    });
    let tasks = LocalSet::new();
    tasks.spawn_local(driver.clone().tell_time());
    let run = async {
        driver.handle(Input::Dial(address));
        driver.done.notified().await;
    };
    tasks.run_until(run).await;
    Ok(())
}

impl Driver {
    /// Gives the node an input, and carries out what follows from it.
    fn handle(self: &Rc<Self>, input: Input<'_>) {
        let now = self.clock.borrow().now();
        self.node.borrow_mut().handle(now, input);
        loop {
            let Some(output) = self.node.borrow_mut().poll() else { break };
            match output {
                Output::Resolve { target, host, port } => {
                    let driver = self.clone();
                    spawn_local(async move {
                        let found = spawn_blocking(move || look_up(&host, port)).await.unwrap_or_default();
                        driver.handle(Input::Resolved(target, &found));
                    });
                }
                Output::Connect { conn, addr } => {
                    let (driver, to_write) = (self.clone(), Rc::new(Notify::new()));
                    let written = to_write.clone();
                    let task = spawn_local(async move {
                        let ended = match TcpStream::connect(addr).await {
                            Ok(stream) => driver.connection(conn, stream, &written).await,
                            Err(error) => error,
                        };
                        driver.tasks.borrow_mut().remove(conn);
                        driver.handle(Input::Closed(conn, io_error(&ended)));
                    });
                    self.tasks.borrow_mut().insert(conn, (task, to_write));
                }
                Output::Transmit(conn) => {
                    if let Some((_, to_write)) = self.tasks.borrow().get(conn) {
                        to_write.notify_one();
                    }
                }
                Output::Disconnect(conn) => {
                    if let Some((task, _)) = self.tasks.borrow_mut().remove(conn) {
                        task.abort();
                    }
                }
                Output::Event(event) => {
                    println!("{:?}", event.kind);
                    if matches!(event.kind, EventKind::Disconnected(_)) {
                        self.done.notify_one();
                    }
                }
            }
        }
        self.changed.notify_one();
    }

    /// Reads and writes a connection until it ends.
    async fn connection(self: &Rc<Self>, conn: ConnId, stream: TcpStream, to_write: &Notify) -> io::Error {
        let _ = stream.set_nodelay(true);
        self.handle(Input::Connected(conn));
        // A program with many connections gives them one buffer together.
        let mut buffer = vec![0; READ];
        loop {
            let (reads, unsent) = {
                let node = self.node.borrow();
                (node.wants_read(conn), !node.transmit(conn).is_empty())
            };
            let result = tokio::select! {
                _ = stream.writable(), if unsent => self.write(conn, &stream),
                _ = stream.readable(), if reads => self.read(conn, &stream, &mut buffer),
                () = to_write.notified() => Ok(()),
            };
            match result {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return error,
                _ => {}
            }
        }
    }

    fn read(self: &Rc<Self>, conn: ConnId, stream: &TcpStream, buffer: &mut [u8]) -> io::Result<()> {
        let n = stream.try_read(buffer)?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.handle(Input::Received(conn, &buffer[..n]));
        Ok(())
    }

    fn write(&self, conn: ConnId, stream: &TcpStream) -> io::Result<()> {
        let mut node = self.node.borrow_mut();
        let n = stream.try_write(node.transmit(conn))?;
        node.transmitted(conn, n);
        Ok(())
    }

    async fn tell_time(self: Rc<Self>) {
        loop {
            let (now, due) = (self.clock.borrow().now(), self.node.borrow().poll_timeout());
            let wait = due.map_or(Duration::MAX, |due| due.saturating_duration_since(now));
            tokio::select! {
                () = tokio::time::sleep(wait) => {
                    // After the reads that are due as well.
                    tokio::task::yield_now().await;
                    if let Some(clock) = { self.clock.borrow_mut().stepped() } {
                        self.handle(Input::Clock(clock));
                    }
                    self.handle(Input::Timeout);
                }
                () = self.changed.notified() => {}
            }
        }
    }
}
