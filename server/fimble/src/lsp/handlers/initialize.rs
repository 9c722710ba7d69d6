//! `initialize`: what the client can do, what the server can, and the first settings.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tower_lsp::ls_types::{
    CompletionOptions, ExecuteCommandOptions, InitializeParams, InitializeResult, OneOf, ServerCapabilities,
    ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use crate::settings::{Options, Problem};
use crate::lsp::proto;
use crate::session::{ClientFeatures, Session};

/// What an identifier does not follow by itself and a completion is wanted after. Clients ask every server at any
/// server's trigger: a blank or a comma would open the others' menus all the time.
const TRIGGERS: [&str; 3] = [".", ":", "("];

/// An initialization option that is about the client and no setting: see [`ClientFeatures::reports_accepts`].
const REPORTS_ACCEPTS: &str = "reports_accepts";
// [&str; 3] = [".", ":", "("];

pub(crate) fn initialize(
    session: &mut Session,
    params: &InitializeParams,
    user_file: Option<&Path>,
) -> (InitializeResult, Vec<Problem>) {
    if let Some(client) = &params.client_info {
        tracing::info!("the client is {} {}", client.name, client.version.as_deref().unwrap_or_default());
    }
    session.client = features(params);
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
    // What is wrong is said again where settings are followed.
    let _ = session.resolve_settings();

    let shows_inline = params.capabilities.text_document.as_ref().is_some_and(|text| text.inline_completion.is_some());
    let offers_items = !shows_inline || session.settings.completion_items;
    let result = InitializeResult {
        capabilities: capabilities(session, offers_items),
        server_info: Some(ServerInfo {
            name: "fimble".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        offset_encoding: None,
    };
    (result, problems)
}

fn features(params: &InitializeParams) -> ClientFeatures {
    let client = &params.capabilities;
    let says = |value: Option<&Value>, name| value.and_then(|value| value.get(name)).and_then(Value::as_bool);
    let workspace = client.workspace.as_ref();
    ClientFeatures {
        encoding: proto::negotiate_encoding(client),
        configuration: workspace.and_then(|workspace| workspace.configuration).unwrap_or(false),
        registers_configuration: workspace
            .and_then(|workspace| workspace.did_change_configuration)
            .and_then(|configuration| configuration.dynamic_registration)
            .unwrap_or(false),
        registers_watchers: workspace
            .and_then(|workspace| workspace.did_change_watched_files)
            .and_then(|watched| watched.dynamic_registration)
            .unwrap_or(false),
        progress: client.window.as_ref().and_then(|window| window.work_done_progress).unwrap_or(false),
        server_status: says(client.experimental.as_ref(), "serverStatusNotification").unwrap_or(false),
        reports_accepts: says(params.initialization_options.as_ref(), REPORTS_ACCEPTS).unwrap_or(false),
    }
}

fn capabilities(session: &Session, offers_items: bool) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(proto::encoding_kind(session.client.encoding)),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        // Here and not by a registration, which Neovim ignores unless its user asks for it.
        inline_completion_provider: Some(OneOf::Left(true)),
        completion_provider: offers_items.then(|| CompletionOptions {
            trigger_characters: Some(TRIGGERS.map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![proto::ACCEPTED.to_owned()],
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

#[expect(deprecated, reason = "clients without workspace folders name their one folder here")]
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    let folders = params.workspace_folders.iter().flatten().map(|folder| &folder.uri);
    let folders: Vec<PathBuf> = folders.filter_map(proto::file_path).collect();
    if folders.is_empty() { params.root_uri.as_ref().and_then(proto::file_path).into_iter().collect() } else { folders }
}
