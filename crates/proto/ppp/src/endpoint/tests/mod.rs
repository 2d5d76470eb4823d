//! Both ends in memory, over a line with one clock.

mod bundle;
mod callback;
mod calls;
mod eap;
mod encryption;
mod hostile;
mod line;
mod one_end;
mod person;
