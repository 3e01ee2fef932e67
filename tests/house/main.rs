//! The plan of the house.

mod architecture;
mod siblings;
