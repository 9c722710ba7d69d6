//! `textDocument/didClose`.

use crate::documents::DocumentId;
use crate::session::Session;

pub(crate) fn did_close(session: &mut Session, id: &DocumentId) {
    if session.documents.remove(id).is_none() {
        tracing::warn!("a document was closed that is not open");
    }
    session.usage.leave(id);
}
