//! What each method does to the session: parameters in, result out. None of them waits, and none talks to the client.

pub(crate) mod completion;
mod did_change;
mod did_change_configuration;
mod did_close;
mod did_open;
mod execute_command;
mod initialize;
pub(crate) mod inline_completion;
pub(crate) mod models;
pub(crate) mod status;

pub(crate) use did_change::{did_change, lost_edit};
pub(crate) use did_change_configuration::{configuration, did_change_configuration};
pub(crate) use did_close::did_close;
pub(crate) use did_open::did_open;
pub(crate) use execute_command::execute_command;
pub(crate) use initialize::initialize;
pub(crate) use status::status;
