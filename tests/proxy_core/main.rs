//! The data path by its own interface, in one process: both peers are scripts, and the record is read as values.
//!
//! What a user can see from outside is held by the stories; here is what only the record or an unkind peer shows.

#![cfg(test)]

mod early;
mod endings;
mod hostile;
mod planned;
mod stage;
mod tls;
mod tunnels;
