//! A script as the opcodes and pushes that it is made of.

/// Pushes nothing: an empty item, which is also the number 0.
pub(super) const OP_0: u8 = 0x00;
/// Pushes as many bytes as the byte after it says.
pub(super) const OP_PUSHDATA1: u8 = 0x4c;
/// As many as the two bytes after it say.
pub(super) const OP_PUSHDATA2: u8 = 0x4d;
/// As many as the four bytes after it say. Up to here all opcodes push bytes.
pub(super) const OP_PUSHDATA4: u8 = 0x4e;
/// Pushes -1.
pub(super) const OP_1NEGATE: u8 = 0x4f;
/// Pushes 1.
pub(super) const OP_1: u8 = 0x51;
/// Pushes 16. Up to here all opcodes count as pushes.
pub(super) const OP_16: u8 = 0x60;
/// Fails: nothing that starts with it can be spent.
pub(super) const OP_RETURN: u8 = 0x6a;
pub(super) const OP_DUP: u8 = 0x76;
pub(super) const OP_EQUAL: u8 = 0x87;
pub(super) const OP_EQUALVERIFY: u8 = 0x88;
pub(super) const OP_HASH160: u8 = 0xa9;
pub(super) const OP_CHECKSIG: u8 = 0xac;
pub(super) const OP_CHECKMULTISIG: u8 = 0xae;
/// The last opcode that means something outside of tapscript.
const OP_NOP10: u8 = 0xb9;

/// The longest script that can be run (Bitcoin Core `src/script/script.h`).
pub(super) const MAX_SCRIPT: usize = 10_000;
/// The longest item that can be pushed (Bitcoin Core `src/script/script.h`).
const MAX_PUSH: usize = 520;

/// An opcode, and what it pushes if it stands in front of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Op<'a> {
    pub(super) code: u8,
    /// Empty for opcodes above [`OP_PUSHDATA4`].
    pub(super) push: &'a [u8],
}

/// A push that goes on after the end of the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CutPush;

/// The opcodes of a script, in order; nothing comes after an error.
#[derive(Clone, Debug)]
pub(super) struct Ops<'a> {
    left: &'a [u8],
}

impl<'a> Ops<'a> {
    pub(super) const fn new(script: &'a [u8]) -> Self {
        Self { left: script }
    }

    /// The bytes that have not been read yet.
    pub(super) const fn left(&self) -> &'a [u8] {
        self.left
    }

    /// The bytes that the opcode that was taken already pushes.
    fn push(&mut self, code: u8) -> Option<&'a [u8]> {
        let len_len = match code {
            OP_PUSHDATA1 => 1,
            OP_PUSHDATA2 => 2,
            OP_PUSHDATA4 => 4,
            _ => 0,
        };
        let (len_bytes, rest) = self.left.split_at_checked(len_len)?;
        let mut len = [0; 4];
        len[..len_len].copy_from_slice(len_bytes);
        let len = match code {
            ..OP_PUSHDATA1 => u32::from(code),
            OP_PUSHDATA1..=OP_PUSHDATA4 => u32::from_le_bytes(len),
            _ => 0,
        };
        let (push, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.left = rest;
        Some(push)
    }
}

impl<'a> Iterator for Ops<'a> {
    type Item = Result<Op<'a>, CutPush>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&code, rest) = self.left.split_first()?;
        self.left = rest;
        let push = self.push(code);
        if push.is_none() {
            self.left = &[];
        }
        Some(push.map(|push| Op { code, push }).ok_or(CutPush))
    }
}

/// Whether the script does nothing but push. `OP_RESERVED` counts as a push, as in Bitcoin Core.
pub(super) fn is_push_only(script: &[u8]) -> bool {
    Ops::new(script).all(|op| op.is_ok_and(|op| op.code <= OP_16))
}

/// Whether no input can ever satisfy the script, whatever it holds.
pub(super) fn is_unspendable(script: &[u8]) -> bool {
    script.first() == Some(&OP_RETURN) || script.len() > MAX_SCRIPT
}

/// Whether this is a script and not bytes that were taken for one: it can be read to its end, and
/// nothing in it is too long or unknown (Bitcoin Core `src/core_io.cpp` `CheckTxScriptsSanity`).
pub(crate) fn is_sane(script: &[u8]) -> bool {
    let is_known = |op: Op<'_>| op.code <= OP_NOP10 && op.push.len() <= MAX_PUSH;
    script.len() <= MAX_SCRIPT && Ops::new(script).all(|op| op.is_ok_and(is_known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ops(script: &[u8]) -> Vec<Result<(u8, &[u8]), CutPush>> {
        Ops::new(script).map(|op| op.map(|op| (op.code, op.push))).collect()
    }

    #[test]
    fn pushes_of_each_form() {
        assert_eq!(ops(&[]), []);
        assert_eq!(ops(&[OP_0, OP_1, OP_DUP]), [Ok((0, &[][..])), Ok((OP_1, &[])), Ok((OP_DUP, &[]))]);
        assert_eq!(ops(&[2, 7, 8, OP_DUP]), [Ok((2, &[7, 8][..])), Ok((OP_DUP, &[]))]);
        for header in [&[OP_PUSHDATA1, 2][..], &[OP_PUSHDATA2, 2, 0], &[OP_PUSHDATA4, 2, 0, 0, 0]] {
            let script = [header, &[7, 8, OP_DUP]].concat();
            assert_eq!(ops(&script), [Ok((header[0], &[7, 8][..])), Ok((OP_DUP, &[]))]);
        }
        let long = [&[OP_PUSHDATA2, 0x34, 0x12][..], &[9; 0x1234]].concat();
        assert_eq!(ops(&long), [Ok((OP_PUSHDATA2, &[9; 0x1234][..]))]);
    }

    #[test]
    fn a_cut_push_ends_the_script() {
        for cut in [
            &[1][..],
            &[75, 1],
            &[OP_PUSHDATA1],
            &[OP_PUSHDATA1, 1],
            &[OP_PUSHDATA2, 1],
            &[OP_PUSHDATA2, 2, 0, 1],
            &[OP_PUSHDATA4, 1, 0, 0],
            &[OP_PUSHDATA4, 255, 255, 255, 255, 1],
        ] {
            assert_eq!(ops(cut), [Err(CutPush)]);
            assert_eq!(ops(&[&[OP_DUP], cut].concat()), [Ok((OP_DUP, &[][..])), Err(CutPush)]);
            assert!(!is_push_only(cut) && !is_sane(cut));
        }
    }

    #[test]
    fn push_only() {
        assert!(is_push_only(&[]) && is_push_only(&[OP_0, 1, 9, OP_1NEGATE, 0x50, OP_1, OP_16]));
        assert!(!is_push_only(&[OP_16 + 1]) && !is_push_only(&[OP_0, OP_DUP]));
    }

    #[test]
    fn sane_scripts_end_at_the_limits() {
        assert!(is_sane(&[]) && is_sane(&[OP_NOP10]));
        // OP_CHECKSIGADD means something in tapscript alone.
        assert!(!is_sane(&[OP_NOP10 + 1]));
        for (len, sane) in [(MAX_PUSH, true), (MAX_PUSH + 1, false)] {
            let script = [&[OP_PUSHDATA2][..], &(len as u16).to_le_bytes(), &vec![0; len]].concat();
            assert_eq!(is_sane(&script), sane);
        }
        for (len, sane) in [(MAX_SCRIPT, true), (MAX_SCRIPT + 1, false)] {
            let script = vec![OP_DUP; len];
            assert_eq!((is_sane(&script), is_unspendable(&script)), (sane, !sane));
        }
        assert!(is_unspendable(&[OP_RETURN]) && !is_unspendable(&[OP_1, OP_RETURN]));
    }
}
