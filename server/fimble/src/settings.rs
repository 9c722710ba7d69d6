//! What users, editors and administrators configure.

#[cfg(test)]
mod documents;
mod policy;
mod schema;
mod setting;
mod sources;

pub use policy::MachinePolicy;
pub use schema::{ExcludePatterns, LogLevel, ModelChoice, Options, Settings};
pub use sources::{Problem, user_file};
