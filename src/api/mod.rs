//! The machines' door: health and metrics.
