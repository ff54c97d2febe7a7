//! The kinds that people write, as types and schema rules, without behaviour.

pub mod identity;
