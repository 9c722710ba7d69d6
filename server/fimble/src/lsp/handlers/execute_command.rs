//! `workspace/executeCommand`.

use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::ExecuteCommandParams;

use crate::lsp::proto::{self, Accepted};
use crate::session::Session;

pub(crate) fn execute_command(session: &mut Session, params: ExecuteCommandParams) -> Result<()> {
    if params.command != proto::ACCEPTED {
        return Err(Error::invalid_params(format!("fimble has no command {}", params.command)));
    }
    let argument = params.arguments.into_iter().next().unwrap_or_default();
    let accepted: Accepted = serde_json::from_value(argument)
        .map_err(|error| Error::invalid_params(format!("what was accepted cannot be read: {error}")))?;
    tracing::debug!(?accepted, "accepted");
    session.accepted(&accepted);
    Ok(())
}
