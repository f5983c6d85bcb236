//! The server below which no driver can go: one bare `write` and one bare `read` for each ping.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use harness::Hello;
use satwire_core::wire::encode_ping;

use crate::meter::{Cpu, nanos_each};
use crate::pings::{PING, interval};
use crate::side::say;

/// A ping and its pong, each with its nonce.
const FRAME: usize = 32;

/// Takes so many connections and so many rounds of pings.
pub(crate) fn serve(connections: usize, rounds: usize) -> io::Result<()> {
    let listener = satwire_std::listen((Ipv4Addr::LOCALHOST, 0).into())?;
    listener.set_nonblocking(false)?;
    say(listener.local_addr()?.port().into(), "port");
    let mut ping = Vec::new();
    encode_ping(&mut ping, harness::NETWORK.magic(), 7);
    let hello = Hello::default().all();
    let mut streams = Vec::new();
    for _ in 0..connections {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.read_exact(&mut vec![0; hello.len()])?;
        stream.write_all(&hello)?;
        stream.write_all(&ping)?;
        streams.push(stream);
    }
    read_all(&mut streams)?;
    // The first one is not counted, as it is with the drivers.
    for round in 0..=rounds {
        let used = Cpu::now();
        for stream in &mut streams {
            whole(stream.write(&ping)?)?;
        }
        let written = used.elapsed();
        // Until all have answered: a read must not be waited for.
        thread::sleep(interval(connections).max(Duration::from_millis(200)) / 2);
        let used = Cpu::now();
        read_all(&mut streams)?;
        let read = used.elapsed();
        if round > 0 {
            say(nanos_each(written + read, connections), PING);
        }
    }
    Ok(())
}

fn read_all(streams: &mut [TcpStream]) -> io::Result<()> {
    let mut pong = [0; FRAME];
    streams.iter_mut().try_for_each(|stream| whole(stream.read(&mut pong)?))
}

fn whole(len: usize) -> io::Result<()> {
    if len == FRAME { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}
