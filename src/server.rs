//! Starts and stops the doors.
