//! Every room of RADIUS against published packets, a real talk, and servers that mean no good.

mod accounting;
mod client;
mod hostile;
mod orders;
mod published;
