//! Log output and metric names.
