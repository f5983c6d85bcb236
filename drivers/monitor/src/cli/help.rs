//! The longer texts of `--help`: examples, and what the lines mean.

pub(super) const ABOUT: &str =
    "A mempool monitor for Bitcoin that needs no full node: which transaction, from whom, when";

pub(super) const EXAMPLES: &str = "\
Examples:
  satwire demo                                  recorded traffic, no network needed
  satwire watch --regtest --connect 127.0.0.1   a node of your own
  satwire watch --connect 203.0.113.9 --json    one JSON object a line

Flags may be written as Bitcoin Core writes them: -connect=127.0.0.1";

pub(super) const WATCH_EXAMPLES: &str = "\
Examples:
  satwire demo                                        the same from recorded traffic, offline
  satwire watch --regtest --connect 127.0.0.1         a node of your own
  satwire watch -regtest -connect=[::1]:18444 -json   the same by IPv6, one JSON object a line
  satwire watch --signet --listen --count 10          wait for peers, end after ten transactions

JSON lines: 'seq' counts without holes, 'time' is Unix microseconds, 'mono' microseconds since the
start. 'latency' of a tx and 'duration' of the summary are microseconds, 'retry' is whole seconds, and
absent where nothing is tried again.
'peers' of the summary counts handshakes. The last 50000 transaction ids are remembered, two of each
that has witnesses: so long a transaction is told once, and one announcement is the 'first'.
'peer_reject' is what a peer said that it does not like (BIP61), most often before it hangs up.
'tx_propagation' says, --propagation seconds after the first announcement, how a transaction spread: by
how many of how many peers it was announced, and after how long ('offset', microseconds).
'peer_verdict' names what is wrong with a peer when that changes, 'ok' again included, and 'since' (Unix
microseconds): handshake_pending, ping_late, never_reads, requests_unanswered, invs_stopped, junk. The
last one stands in 'peer_disconnected' as well. While all are silent at once we are 'offline', and
nobody is blamed; 'duration' of 'online' says for how long, in microseconds.
A peer whose lines the reader cannot take so fast has to wait; others are told meanwhile. After five
seconds in which nothing is read, nobody waits: whole events are left out, and a 'gap' line says how
many ('dropped'), of which peers (those that lost most, by 'id'), and how many of others ('rest').

With --debug net each message is an event, 'message': those of one read, then what follows from
them. With --record-size the journal is FILE.000001, FILE.000002 and so on; 'replay FILE' plays all.

SIGINT and SIGTERM end a run in good order. SIGUSR1 shows the peers on stderr, as --report does. SIGHUP
hands what --record keeps to the disk; it ends a run only if its terminal was closed.

-noX is -X=0, as in Bitcoin Core: -nolisten, or -noconnect to take back what was given before.

Exit status: 0 at a signal, --count, --duration or when the reader of stdout has gone, 1 if it could
not be done, 2 if the command line is wrong.";

pub(super) const DEMO_EXAMPLES: &str = "\
Examples:
  satwire demo                    ends within seconds, works offline
  satwire demo --speed realtime   in the rhythm in which it was recorded
  satwire demo --json | head      one JSON object a line
  satwire demo --debug net --hex  every message in both directions, its bytes with labelled fields";

pub(super) const DECODE_EXAMPLES: &str = "\
Examples:
  satwire decoderawtransaction 01000000000000000000   the smallest there is: nothing in or out
  satwire decoderawtransaction -regtest < txs.hex     one a line; addresses of another network

The output is Bitcoin Core's, key for key: of arguments as bitcoin-cli prints it, of standard
input one JSON object a line. A line may have 8000000 hex digits, as many as the largest
transaction that fits in a block. Which form a transaction has is found out as Core does.

Exit status: 0 if all could be decoded or the reader of stdout has gone, 1 if not: then stderr
names each argument or line that could not, and the rest is decoded all the same.";

pub(super) const REPLAY_EXAMPLES: &str = "\
Examples:
  satwire watch --regtest --bind 127.0.0.1:0 --duration 20 --record field.journal   works offline
  satwire replay field.journal                  the same lines, byte for byte in every run
  satwire replay field.journal --until 12.5     the first twelve and a half seconds
  satwire replay field.journal --until '#300'   up to and with record 300
  satwire replay field.journal --debug net --hex   every message, its bytes with labelled fields
  satwire replay field.journal --shrink panics  the least that still does, as field.shrunk.journal
  satwire replay tcpdump.pcapng                 the capture of another program

--shrink leaves out peers, then messages, then bytes, as long as the journal still does this:
  panics          the node panics
  closes=REASON   a connection closes, or a dial fails, with this word as 'reason'
  differs         the node says something else than was recorded, and exactly what it says now, in
                  the first record that differs; what was recorded before that is recorded anew

The capture of another program is observed: nothing is sent or closed, and no message is passed over.
'loss' says what it lacks, 'opaque' that a connection is encrypted, 'difference' where our own core,
which runs beside it, would have closed a connection or asked for something else.

Of a journal in several files give the name without a number for all of them, or the name of one
for that and those after it. Without the first file it is observed, not played, and the first line
says so.

After 'watch --count N' the transactions that came in together with the last are shown as well, and
what 'watch' left out at a 'gap' is there.

Exit status: 0 if all was played, 1 if the file is damaged, cut or lacks something (what could be
read is printed) or if the node does something else now than when it was recorded: then the record is named.";

pub(super) const CONVERT_EXAMPLES: &str = "\
Examples:
  satwire watch --regtest --bind 127.0.0.1:0 --duration 20 --record field.journal   works offline
  satwire convert field.journal field.pcapng                    for Wireshark; its comment says what is made up
  satwire convert field.pcapng events.jsonl                     what happened, one JSON object a line
  satwire convert --regtest message_capture folder.journal      Bitcoin Core's files name no network
  satwire convert --us 192.0.2.7 tcpdump.pcap messages.dat      as the node at this address saw it

A packet capture has no side of its own. Each connection is shown from the end that dialled, unless --us
names the other one. Files may be compressed by gzip or zstd. In pcapng, 192.0.2.1 or 2001:db8::1 stands
for a node that recorded and whose address the journal does not have.

Exit status: 0 if all was converted, 1 if the input is damaged or lacks something (what could be read is
written), 2 if the command line is wrong or OUT exists.";

pub(super) const CAPINFO_EXAMPLES: &str = "\
Examples:
  satwire watch --regtest --bind 127.0.0.1:0 --duration 20 --record field.journal   works offline
  satwire capinfo field.journal                                                     what it holds
  satwire capinfo message_capture --regtest   a folder of Bitcoin Core's -capturemessages

Exit status: 0 if the file is whole, 1 if it is damaged, cut or lacks something (what could be read
is printed).";

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  satwire watch --regtest --bind 127.0.0.1:0 --duration 20 --record field.journal   works offline
  satwire replay field.journal --json > old.jsonl   before a change
  satwire diff old.jsonl field.journal              after it: what does it do otherwise?
  satwire diff field.journal other.journal          where do two runs part?

Two journals are played and compared message by message, order by order and event by event, with
the times since the start. Where one is the capture of another program both are observed, with the
times since the first thing that was seen. JSON lines are compared with JSON lines, or with the
replay of a capture (the version of the program that printed them is no difference), other text
line by line. The first line that differs is shown, and the last few before it.

Exit status: 0 if they are the same, 1 if they differ, 2 if they could not be compared.";
