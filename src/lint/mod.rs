//! In: a checked topology. Out: findings.
//! Must not: change the topology.
