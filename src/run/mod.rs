//! The commands of the program, each readable from top to bottom.

mod error;
mod scanners;
mod schema;

pub use error::RunError;
pub use scanners::{ScannerList, ScannerSheet, describe_scanner, list_scanners};
pub use schema::{SchemaOf, schema};
