//! The program, as a user runs it.

mod broken;
mod cli;
mod crafted;
mod evaluate;
mod examples;
mod folder;
mod lesions;
mod memory;
mod numbers;
mod refusals;
mod report;
mod sentinel;
mod train;
