//! Transactions of the largest weight that is relayed, each filled with one thing: what the longest and the slowest
//! explanation of a stranger's transaction is made of.

use satwire_core::wire::put_compact_size;
use satwire_json::MAX_STANDARD_TX_WEIGHT;

/// A name, and the bytes of a transaction.
pub(crate) type Shape = (&'static str, Vec<u8>);

/// The x of the generator, which is on the curve, and one that is not on it.
const ON_CURVE: [u8; 32] = [
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02,
    0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98,
];
const OFF_CURVE: [u8; 32] = {
    let mut x = [0; 32];
    x[31] = 5;
    x
};

/// All of them.
pub(crate) fn all() -> Vec<Shape> {
    let key = [&[33, 2][..], &ON_CURVE].concat();
    let long_key = [&[65, 4][..], &ON_CURVE, &ON_CURVE].concat();
    let multisig =
        |count: u8, key: &[u8]| [&[0x51][..], &key.repeat(count.into()), &[0x50 + count, 0xae]].concat();
    let signature = [9, 0x30, 6, 2, 1, 1, 2, 1, 1, 0x83];
    vec![
        ("output of OP_CHECKMULTISIGVERIFY", one_output(&[0xaf])),
        ("output of OP_RETURN and OP_0", one_output_after(&[0x6a], &[0])),
        ("output of numbers of 4 bytes", one_output(&[4, 0xff, 0xff, 0xff, 0xff])),
        ("output of pushes of 5 bytes", one_output(&[5, 0xff, 0xff, 0xff, 0xff, 0xff])),
        ("scriptSig of OP_CHECKMULTISIGVERIFY", one_input(&[0xaf])),
        ("scriptSig of signatures", one_input_of(&signature.repeat(10_000 / signature.len()))),
        ("inputs without a script", inputs(&[])),
        ("inputs with a signature", inputs(&signature)),
        ("outputs without a script", outputs(&[])),
        ("outputs of one OP_CHECKMULTISIGVERIFY", outputs(&[0xaf])),
        ("outputs of OP_RETURN", outputs(&[0x6a])),
        ("outputs pubkey", outputs(&[&key[..], &[0xac]].concat())),
        ("outputs pubkeyhash", outputs(&[&[0x76, 0xa9, 20][..], &[9; 20], &[0x88, 0xac]].concat())),
        ("outputs scripthash", outputs(&[&[0xa9, 20][..], &[9; 20], &[0x87]].concat())),
        ("outputs multisig, one short key", outputs(&multisig(1, &key))),
        ("outputs multisig, one long key", outputs(&multisig(1, &long_key))),
        ("outputs multisig, 16 short keys", outputs(&multisig(16, &key))),
        ("outputs anchor", outputs(&[0x51, 2, 0x4e, 0x73])),
        ("outputs witness_v0_keyhash", outputs(&[&[0, 20][..], &[9; 20]].concat())),
        ("outputs witness_v0_scripthash", outputs(&[&[0, 32][..], &[9; 32]].concat())),
        ("outputs witness_v1_taproot, on the curve", outputs(&[&[0x51, 32][..], &ON_CURVE].concat())),
        ("outputs witness_v1_taproot, not on it", outputs(&[&[0x51, 32][..], &OFF_CURVE].concat())),
        ("outputs witness_unknown, 2 bytes", outputs(&[0x60, 2, 9, 9])),
        ("outputs witness_unknown, 40 bytes", outputs(&[&[0x60, 40][..], &[9; 40]].concat())),
        ("witness of empty items", witness(&[])),
        ("witness of items of one byte", witness(&[9])),
        ("witness of one item", one_item()),
    ]
}

/// The value of an output with the longest text: eleven digits before the point.
const VALUE: [u8; 8] = i64::MIN.to_le_bytes();
/// Version and locktime, in digits as many as there can be.
const FOUR: [u8; 4] = [0xff; 4];
/// Bytes that no witness is in, as many as weigh no more than the limit, less what each of these has besides: version,
/// an input, an output, locktime, and two counts, of which one is large.
const ROOM: usize = MAX_STANDARD_TX_WEIGHT / 4 - (4 + 41 + 9 + 4 + 1 + 5);
/// The same for what is in a witness: marker and flag, the number of items, and the length of one have their place too.
const ROOM_FOR_WITNESS: usize = MAX_STANDARD_TX_WEIGHT - 4 * (4 + 41 + 9 + 4 + 1 + 1) - (2 + 5 + 5);

/// A count in its shortest form.
fn compact(n: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_compact_size(&mut bytes, n as u64);
    bytes
}

fn var_bytes(script: &[u8]) -> Vec<u8> {
    [compact(script.len()), script.to_vec()].concat()
}

fn input(script: &[u8]) -> Vec<u8> {
    [&[0xab; 32][..], &FOUR, &var_bytes(script), &FOUR].concat()
}

fn output(script: &[u8]) -> Vec<u8> {
    [&VALUE[..], &var_bytes(script)].concat()
}

/// The script repeats `piece` as often as it fits.
fn one_output(piece: &[u8]) -> Vec<u8> {
    one_output_after(&[], piece)
}

fn one_output_after(start: &[u8], piece: &[u8]) -> Vec<u8> {
    let script = [start, &piece.repeat((ROOM - start.len()) / piece.len())].concat();
    [&FOUR[..], &[1], &input(&[]), &[1], &output(&script), &FOUR].concat()
}

fn one_input(piece: &[u8]) -> Vec<u8> {
    one_input_of(&piece.repeat(ROOM / piece.len()))
}

fn one_input_of(script: &[u8]) -> Vec<u8> {
    [&FOUR[..], &[1], &input(script), &[1], &output(&[]), &FOUR].concat()
}

fn inputs(script: &[u8]) -> Vec<u8> {
    let one = input(script);
    let count = ROOM / one.len();
    [&FOUR[..], &compact(count), &one.repeat(count), &[1], &output(&[]), &FOUR].concat()
}

fn outputs(script: &[u8]) -> Vec<u8> {
    let one = output(script);
    let count = ROOM / one.len();
    [&FOUR[..], &[1], &input(&[]), &compact(count), &one.repeat(count), &FOUR].concat()
}

/// One input with a witness of items that are all this one.
fn witness(item: &[u8]) -> Vec<u8> {
    let item = var_bytes(item);
    let count = ROOM_FOR_WITNESS / item.len();
    with_witness(&[compact(count), item.repeat(count)].concat())
}

/// One input with a witness of one item.
fn one_item() -> Vec<u8> {
    with_witness(&[vec![1], var_bytes(&vec![9; ROOM_FOR_WITNESS])].concat())
}

fn with_witness(stack: &[u8]) -> Vec<u8> {
    [&FOUR[..], &[0, 1, 1], &input(&[]), &[1], &output(&[]), stack, &FOUR].concat()
}
