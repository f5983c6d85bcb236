//! Scripts in words.

use std::fmt;

use super::ops::{OP_1NEGATE, OP_PUSHDATA4, Ops, is_unspendable};
use super::{number, signature};
use crate::hex::Hex;

/// Displays a script as its opcodes (Bitcoin Core `src/core_io.cpp` `ScriptToAsmStr`).
///
/// Pushes of up to four bytes are numbers, longer ones hexadecimal digits. For a push that is cut off by the end
/// of the script stands `[error]`, and nothing after it. An opcode takes 23 characters at most, with its space.
///
/// ```
/// use satwire_json::script::Asm;
///
/// let script = [0x76, 0xa9, 2, 0x39, 0x30, 0x88];
/// assert_eq!(Asm::of_script_pubkey(&script).to_string(), "OP_DUP OP_HASH160 12345 OP_EQUALVERIFY");
/// assert_eq!(Asm::of_script_pubkey(&[0x51, 5, 1]).to_string(), "1 [error]");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Asm<'a> {
    script: &'a [u8],
    with_signatures: bool,
}

impl<'a> Asm<'a> {
    /// Returns the form of a script that locks an output. A push that looks like a signature is none here.
    pub const fn of_script_pubkey(script: &'a [u8]) -> Self {
        Self { script, with_signatures: false }
    }

    /// Returns the form of a script that unlocks an output: the last byte of a signature is shown as what it
    /// means, such as `[ALL]`.
    pub fn of_script_sig(script: &'a [u8]) -> Self {
        Self { script, with_signatures: !is_unspendable(script) }
    }
}

impl fmt::Display for Asm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        for op in Ops::new(self.script) {
            f.write_str(space)?;
            space = " ";
            let Ok(op) = op else { return f.write_str("[error]") };
            if op.code > OP_PUSHDATA4 {
                f.write_str(name(op.code))?;
            } else if let Some(number) = number::decode(op.push) {
                write!(f, "{number}")?;
            } else if let (true, Some((der, hash_type))) = (self.with_signatures, signature::parts(op.push)) {
                write!(f, "{}[{hash_type}]", Hex(der))?;
            } else {
                Hex(op.push).fmt(f)?;
            }
        }
        Ok(())
    }
}

/// The name of an opcode that pushes no bytes, from Bitcoin Core's `src/script/script.cpp` `GetOpName`.
fn name(code: u8) -> &'static str {
    const INVALID: u8 = 0xff;
    if code == INVALID {
        return "OP_INVALIDOPCODE";
    }
    NAMES.get(usize::from(code - OP_1NEGATE)).copied().unwrap_or("OP_UNKNOWN")
}

/// From [`OP_1NEGATE`] on, without a gap.
#[rustfmt::skip]
const NAMES: [&str; 108] = [
    "-1", "OP_RESERVED",
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    "OP_NOP", "OP_VER", "OP_IF", "OP_NOTIF", "OP_VERIF", "OP_VERNOTIF", "OP_ELSE", "OP_ENDIF", "OP_VERIFY",
    "OP_RETURN",
    "OP_TOALTSTACK", "OP_FROMALTSTACK", "OP_2DROP", "OP_2DUP", "OP_3DUP", "OP_2OVER", "OP_2ROT", "OP_2SWAP",
    "OP_IFDUP", "OP_DEPTH", "OP_DROP", "OP_DUP", "OP_NIP", "OP_OVER", "OP_PICK", "OP_ROLL", "OP_ROT",
    "OP_SWAP", "OP_TUCK",
    "OP_CAT", "OP_SUBSTR", "OP_LEFT", "OP_RIGHT", "OP_SIZE",
    "OP_INVERT", "OP_AND", "OP_OR", "OP_XOR", "OP_EQUAL", "OP_EQUALVERIFY", "OP_RESERVED1", "OP_RESERVED2",
    "OP_1ADD", "OP_1SUB", "OP_2MUL", "OP_2DIV", "OP_NEGATE", "OP_ABS", "OP_NOT", "OP_0NOTEQUAL",
    "OP_ADD", "OP_SUB", "OP_MUL", "OP_DIV", "OP_MOD", "OP_LSHIFT", "OP_RSHIFT",
    "OP_BOOLAND", "OP_BOOLOR", "OP_NUMEQUAL", "OP_NUMEQUALVERIFY", "OP_NUMNOTEQUAL", "OP_LESSTHAN",
    "OP_GREATERTHAN", "OP_LESSTHANOREQUAL", "OP_GREATERTHANOREQUAL", "OP_MIN", "OP_MAX", "OP_WITHIN",
    "OP_RIPEMD160", "OP_SHA1", "OP_SHA256", "OP_HASH160", "OP_HASH256", "OP_CODESEPARATOR",
    "OP_CHECKSIG", "OP_CHECKSIGVERIFY", "OP_CHECKMULTISIG", "OP_CHECKMULTISIGVERIFY",
    "OP_NOP1", "OP_CHECKLOCKTIMEVERIFY", "OP_CHECKSEQUENCEVERIFY",
    "OP_NOP4", "OP_NOP5", "OP_NOP6", "OP_NOP7", "OP_NOP8", "OP_NOP9", "OP_NOP10",
    "OP_CHECKSIGADD",
];
