//! Properties of all inputs: where a stream is cut does not matter, nothing remote can panic us or
//! make us keep more than was sent, and a transaction is what the `bitcoin` crate says it is.

mod cuts;
mod hostile;
mod transactions;
