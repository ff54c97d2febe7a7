//! What Argo CD, Flux and Helm make of a manifest, with the scripts and expressions in `deploy/`.

#[cfg(test)]
mod argo;
#[cfg(test)]
mod flux;
#[cfg(test)]
#[path = "../support/kstatus.rs"]
mod kstatus;
#[cfg(test)]
mod lua;
#[cfg(test)]
mod rows;
