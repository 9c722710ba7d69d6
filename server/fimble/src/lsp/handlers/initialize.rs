//! `initialize`: the first settings, the workspace's folders, and what each side can do.

use std::path::{Path, PathBuf};

use tower_lsp::ls_types::{InitializeParams, InitializeResult, ServerInfo};

use crate::lsp::capabilities::{ClientFeatures, REPORTS_ACCEPTS, server_capabilities};
use crate::lsp::from_proto;
use crate::session::Session;
use crate::settings::{Options, Problem};

/// Returns what is wrong with the settings, beside the result.
pub(crate) fn initialize(
    session: &mut Session,
    params: &InitializeParams,
    client: &ClientFeatures,
    user_file: Option<&Path>,
) -> (InitializeResult, Vec<Problem>) {
    if let Some(client) = &params.client_info {
        tracing::info!("the client is {} {}", client.name, client.version.as_deref().unwrap_or_default());
    }
    session.workspace.set_folders(folders(params));

    let (from_file, mut problems) = user_file.map(Options::from_file).unwrap_or_default();
    session.sources.user_file = from_file;
    if let Some(options) = &params.initialization_options {
        let mut options = options.clone();
        if let Some(options) = options.as_object_mut() {
            options.remove(REPORTS_ACCEPTS);
        }
        let (from_client, more) = Options::from_client(&options, "initializationOptions");
        session.sources.initialization = from_client;
        problems.extend(more);
    }
    // The capabilities depend on a setting. Problems are reported when all settings take effect.
    let _ = session.resolve_settings();

    let offers_items = !client.inline_completion || session.settings.completion_items;
    let result = InitializeResult {
        capabilities: server_capabilities(client.encoding, offers_items),
        server_info: Some(ServerInfo {
            name: "fimble".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        offset_encoding: None,
    };
    (result, problems)
}

#[expect(deprecated, reason = "clients without workspace folders name their one folder here")]
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten().map(|folder| &folder.uri);
    let folders: Vec<PathBuf> = folders.filter_map(from_proto::file_path).collect();
    if folders.is_empty() {
        params.root_uri.as_ref().and_then(from_proto::file_path).into_iter().collect()
    } else {
        folders
    }
}
