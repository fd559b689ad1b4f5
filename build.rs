//! Tells cargo that the embedded migrations belong to the source.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
