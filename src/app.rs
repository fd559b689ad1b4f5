//! The hall: opens every service once and hands out cheap clones.
