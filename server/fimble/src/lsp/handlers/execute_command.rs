//! `workspace/executeCommand`. The only command reports an accepted suggestion.

use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::ExecuteCommandParams;

use crate::lsp::to_proto::{ACCEPTED, AcceptedArgument};
use crate::session::Session;
use crate::usage::{Accepted, Subject};

pub(crate) fn execute_command(session: &mut Session, params: ExecuteCommandParams) -> Result<()> {
    if params.command != ACCEPTED {
        return Err(Error::invalid_params(format!("fimble has no command {}", params.command)));
    }
    let argument = params.arguments.into_iter().next().unwrap_or_default();
    let argument: AcceptedArgument = serde_json::from_value(argument)
        .map_err(|error| Error::invalid_params(format!("the argument of {ACCEPTED} cannot be read: {error}")))?;
    tracing::debug!(?argument, "accepted");
    let AcceptedArgument { language, model, characters, part, .. } = argument;
    session.usage.accepted(&Accepted { subject: Subject { language, model }, characters, is_part: part });
    Ok(())
}
