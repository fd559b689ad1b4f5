//! Parses the command line, runs it, and turns an error into one line and an exit code.

fn main() {}
