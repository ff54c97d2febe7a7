//! What happens, and what must come of it.

mod crashes;
mod lives;
