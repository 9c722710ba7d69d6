//! `workspace/executeCommand`.

use tower_lsp::jsonrpc::{Error, Result};
use tower_lsp::ls_types::ExecuteCommandParams;

use crate::proto;
use crate::session::Session;

pub(crate) fn execute_command(session: &mut Session, params: &ExecuteCommandParams) -> Result<()> {
    if params.command != proto::ACCEPTED {
        return Err(Error::invalid_params(format!("fimble has no command {}", params.command)));
    }
    session.statistics.accepted += 1;
    tracing::debug!(accepted = ?params.arguments, "accepted");
    Ok(())
}
