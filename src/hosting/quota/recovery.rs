//! After an unclean end: counts the homes that were being written to.
