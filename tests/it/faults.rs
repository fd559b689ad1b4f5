//! What holds when something breaks: the client, the server, or both at the worst moment. The server
//! is the built binary, killed and started again on the same data folder.

mod chaos;
mod disk;
mod durability;
mod full;
mod hanging;
mod jobs;
mod journal;
mod leftovers;
mod model;
mod overwrite;
mod quota;
mod soak;
mod suspension;
mod traffic;
