//! One byte stream as messages: the seam between what a connection says and how it is encoded.
//!
//! Above the seam a message has a command and a payload. [`V1::send`] queues one, [`V1::next_frame`] finds the next
//! one that came; what lies between them and the bytes, header, checksum, cutting and skipping, is the
//! transport's own. The encrypted transport of BIP324 is to stand beside [`V1`], with the same methods.

mod frame;
mod inbox;
mod outbox;
mod traffic;
mod v1;

pub(super) use self::frame::Frame;
pub use self::traffic::Traffic;
pub(super) use self::v1::V1;
