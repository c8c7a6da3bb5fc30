//! Plans: of small topologies, compared with what they should say, and of random ones.

mod chance;
mod load;
mod properties;
mod random;
mod world;
