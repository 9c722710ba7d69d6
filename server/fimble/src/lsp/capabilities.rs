//! What the client can do, and what the server offers.

use serde_json::Value;
use tower_lsp::ls_types::{
    CompletionOptions, ExecuteCommandOptions, InitializeParams, OneOf, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};

use super::position::PositionEncoding;
use super::{from_proto, to_proto};

/// Characters that end an identifier and that a completion may follow. Clients ask every server at any server's trigger
/// character, so a blank or a comma would open the other servers' menus all the time.
const TRIGGERS: [&str; 3] = [".", ":", "("];

/// An initialization option that describes the client and is no setting: see [`ClientFeatures::reports_accepts`].
pub(crate) const REPORTS_ACCEPTS: &str = "reports_accepts";

/// The client's features that matter here.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClientFeatures {
    pub(crate) encoding: PositionEncoding,
    /// It shows ghost text by the protocol's own method.
    pub(crate) inline_completion: bool,
    /// It answers `workspace/configuration`.
    pub(crate) configuration: bool,
    /// It reports changed settings once it is asked to.
    pub(crate) registers_configuration: bool,
    /// It reports changed files once it is asked to.
    pub(crate) registers_watchers: bool,
    pub(crate) progress: bool,
    /// It shows what `experimental/serverStatus` says.
    pub(crate) server_status: bool,
    /// It reports accepts, in whole and in part, and may send several keys as one edit.
    pub(crate) reports_accepts: bool,
}

impl ClientFeatures {
    pub(crate) fn of(params: &InitializeParams) -> Self {
        let client = &params.capabilities;
        let says = |value: Option<&Value>, name| value.and_then(|value| value.get(name)).and_then(Value::as_bool);
        let workspace = client.workspace.as_ref();
        let text_document = client.text_document.as_ref();
        Self {
            encoding: from_proto::negotiate_encoding(client),
            inline_completion: text_document.is_some_and(|text| text.inline_completion.is_some()),
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
}

pub(crate) fn server_capabilities(encoding: PositionEncoding, offers_items: bool) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(to_proto::encoding_kind(encoding)),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        // Announced here, since Neovim ignores a dynamic registration by default.
        inline_completion_provider: Some(OneOf::Left(true)),
        completion_provider: offers_items.then(|| CompletionOptions {
            trigger_characters: Some(TRIGGERS.map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![to_proto::ACCEPTED.to_owned()],
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
