//! The real controller on virtual time, over an API server and a cloud that live in this process.

#[cfg(test)]
mod apiserver;
#[cfg(test)]
mod in_process;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
mod world;
