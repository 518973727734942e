//! A stand-in for the Aurora API: answers from captured samples and checks what Flask checks.
//!
//! It is driven by data: every route, permission and most answers come from `samples/`. Only what needs state
//! (incidents of two organisations, chat sessions, the knowledge base, health) is code. Tests steer it through
//! `/_test/` ([`control`]) and read there what it was sent ([`journal`]).

mod answer;
mod audit;
mod chat;
mod control;
mod faults;
mod gate;
mod health;
mod incidents;
mod journal;
mod knowledge;
mod people;
mod received;
mod replies;
mod routes;
mod samples;
mod server;
mod stand_in;

pub use server::{Server, listen, spawn};
pub use stand_in::{Error, Options, StandIn};
