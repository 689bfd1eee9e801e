//! The bastion's program, cut off.
