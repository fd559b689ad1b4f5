//! What the tests stand on.

pub(crate) mod browser;
pub(crate) mod chance;
pub(crate) mod desk;
pub(crate) mod disk;
pub(crate) mod engines;
pub(crate) mod form;
pub(crate) mod ftp_client;
pub(crate) mod fuse;
pub(crate) mod held;
pub(crate) mod mounted;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod sampler;
pub(crate) mod samples;
pub(crate) mod server;
pub(crate) mod unprivileged;
