//! Changes of clients, with what dialects keep beside them and what ends because of them.
//!
//! Each change gathers facts, lets core decide, and writes what was decided. No rule stands here.

use adieu_core::{
    Client, ClientChanges, ClientDraft, ClientsFacts, DirectoryError, EditClientOrder, EditClientsOrder,
    EditedClient, Ended, Receiver, RemoveClientOrder, Timestamp, decide_create_client, decide_edit_client,
    decide_edit_clients, decide_remove_client, decide_remove_documents,
};
use adieu_store::Document;

use crate::acts::documents::{change_documents, facts_of_changes};
use crate::acts::sessions;
use crate::acts::subscribers::tell_elsewhere;
use crate::batch::Batch;
use crate::error::Damaged;
use crate::rows;

/// Makes a client.
pub(super) fn create(
    batch: &mut Batch<'_>,
    draft: &ClientDraft,
) -> rusqlite::Result<Result<Client, DirectoryError>> {
    let before = rows::client(batch.db, &draft.client.id)?;
    let beside = facts_of_changes(batch, &draft.documents)?;
    let changes = match decide_create_client(before.as_ref(), draft, &beside) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if changes.told_elsewhere(before.as_ref()) {
        tell_elsewhere(batch, &Receiver::Client(draft.client.id.clone()))?;
    }
    let ClientChanges { stored, documents, end: _ } = changes;
    change_documents(batch, documents)?;
    batch.write_client(stored.clone())?;
    Ok(Ok(stored.client))
}

/// What the client holds ends in the same transaction, where it is switched off.
pub(super) fn edit(
    batch: &mut Batch<'_>,
    order: &EditClientOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<EditedClient, DirectoryError>> {
    let before = rows::client(batch.db, &order.next.client.id)?;
    match decide_edit_client(before.as_ref(), order, &facts_of_changes(batch, &order.next.documents)?) {
        Ok(changes) => change(batch, changes, now).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Several clients and documents change, or none.
pub(super) fn edit_several(
    batch: &mut Batch<'_>,
    order: &EditClientsOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<Vec<EditedClient>, DirectoryError>> {
    let mut facts =
        ClientsFacts { documents: facts_of_changes(batch, &order.documents)?, ..Default::default() };
    for one in &order.clients {
        let beside = facts_of_changes(batch, &one.next.documents)?;
        facts.clients.push((rows::client(batch.db, &one.next.client.id)?, beside));
    }
    let (clients, documents) = match decide_edit_clients(&facts, order) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    change_documents(batch, documents)?;
    clients.into_iter().map(|changes| change(batch, changes, now)).collect::<Result<_, _>>().map(Ok)
}

/// Removes a client with what is kept beside it.
pub(super) fn remove(
    batch: &mut Batch<'_>,
    order: &RemoveClientOrder,
    now: Timestamp,
) -> rusqlite::Result<Result<Ended, DirectoryError>> {
    let before = rows::client(batch.db, &order.client)?;
    let changes = match decide_remove_client(before.as_ref(), order) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let realm = changes.stored.client.realm;
    let mut beside = Vec::new();
    for kind in order.document_kinds {
        beside.extend(rows::documents_beside(batch.db, realm, kind, &order.client)?);
    }
    let changed = change(batch, changes, now)?;
    if !beside.is_empty() {
        let removed = decide_remove_documents(&beside, rows::removed_versions(batch.db)?);
        rows::write_removed_versions(batch.db, removed)?;
    }
    for Document { kind, id, .. } in &beside {
        rows::drop_document(batch.db, realm, kind, id)?;
    }
    Ok(Ok(changed.ended.unwrap_or(Ended::Before)))
}

/// Carries out what was decided of a client: the ending first.
fn change(batch: &mut Batch<'_>, changes: ClientChanges, now: Timestamp) -> rusqlite::Result<EditedClient> {
    if changes.told_elsewhere(rows::client(batch.db, &changes.stored.client.id)?.as_ref()) {
        tell_elsewhere(batch, &Receiver::Client(changes.stored.client.id.clone()))?;
    }
    let ClientChanges { stored, documents, end } = changes;
    let mut carried_out = |order| sessions::end(batch, &order, now)?.map_err(|_| Damaged::row("client"));
    let ended = end.map(&mut carried_out).transpose()?;
    let now_stored = rows::client(batch.db, &stored.client.id)?;
    let stored = stored.under(now_stored.as_ref());
    change_documents(batch, documents)?;
    batch.write_client(stored.clone())?;
    Ok(EditedClient { client: stored.client, ended })
}
