//! Observations as files of other programs.

mod core_dat;
mod packets;
mod pcapng;

pub use self::core_dat::CoreDatWriter;
pub use self::packets::PacketWriter;
