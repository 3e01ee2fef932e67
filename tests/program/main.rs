//! The program, as a user runs it.

mod broken;
mod cli;
mod evaluate;
mod examples;
mod folder;
mod lesions;
mod memory;
mod refusals;
mod report;
mod sentinel;
mod train;
