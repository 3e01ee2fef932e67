//! The command line: arguments, what they call, what is printed.

mod arguments;
mod command;
mod output;

pub use arguments::Arguments;
pub use command::run;
pub use output::explain;
