//! What users, editors and administrators configure.

mod policy;
mod schema;

pub use policy::MachinePolicy;
pub use schema::{LogLevel, ModelChoice, Options, Problem, Settings, user_file};
