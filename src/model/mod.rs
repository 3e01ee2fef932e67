//! The model of a measurement: what an image goes through until it is counted.

mod system;

pub use system::System;
