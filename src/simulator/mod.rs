//! A stateful imitation of the clouds, to try the operator and to test it without an account.
