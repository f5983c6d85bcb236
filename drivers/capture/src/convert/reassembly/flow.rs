//! Two addresses, whichever sends.

use std::net::SocketAddr;

/// The addresses of a connection, the lower one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow([SocketAddr; 2]);

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Lower = 0,
    Upper = 1,
}

impl Flow {
    /// The flow, and the side that is `from`.
    pub(super) fn new(from: SocketAddr, to: SocketAddr) -> (Self, Side) {
        if from <= to { (Self([from, to]), Side::Lower) } else { (Self([to, from]), Side::Upper) }
    }

    pub(super) fn addr(&self, side: Side) -> SocketAddr {
        self.0[side as usize]
    }
}

impl Side {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Lower => Self::Upper,
            Self::Upper => Self::Lower,
        }
    }
}
