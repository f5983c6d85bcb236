// node run.mjs MODULE SESSION: plays a session to the module, and prints its transcript.
//
// A session is a row of reads: the time in microseconds (8 bytes), the length (4 bytes), both little-endian, and the
// bytes. Between them, time is told exactly when it is due; a read of nothing only lets time pass.

import { readFile } from "node:fs/promises";

const [, , path, session] = process.argv;
const { instance } = await WebAssembly.instantiate(await readFile(path), {});
const { memory, input, receive, timeout, deadline, transcript, transcript_len } = instance.exports;
const due = () => BigInt.asUintN(64, deadline());

const bytes = await readFile(session);
for (let at = 0; at < bytes.length; ) {
    const now = bytes.readBigUInt64LE(at);
    const length = bytes.readUInt32LE(at + 8);
    const read = bytes.subarray(at + 12, at + 12 + length);
    at += 12 + length;
    while (due() <= now) timeout(due());
    if (length === 0) continue;
    const where = input(length);
    // The memory may have grown, so it is looked up each time.
    new Uint8Array(memory.buffer, where, length).set(read);
    receive(now);
}
const where = transcript();
process.stdout.write(new Uint8Array(memory.buffer, where, transcript_len()));
