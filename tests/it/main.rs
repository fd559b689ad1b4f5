//! The product from outside: real sockets, real clients, both databases.

#[cfg(test)]
mod support;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod ftp;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod journal;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod store;
#[cfg(test)]
mod volumes;
#[cfg(test)]
mod web;
