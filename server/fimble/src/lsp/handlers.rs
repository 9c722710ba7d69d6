//! What each method does to the session, one file a method: parameters in, result out. No handler waits, and none talks to
//! the client.

pub(crate) mod completion;
pub(crate) mod did_change;
pub(crate) mod did_change_configuration;
pub(crate) mod did_close;
pub(crate) mod did_open;
pub(crate) mod execute_command;
pub(crate) mod initialize;
pub(crate) mod inline_completion;
pub(crate) mod models;
pub(crate) mod status;
