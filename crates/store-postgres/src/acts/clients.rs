//! Changes of clients, with what dialects keep beside them and what ends because of them.
//!
//! Each change gathers facts, lets core decide, and writes what was decided. No rule stands here.

use adieu_core::{
    Client, ClientChanges, ClientDraft, ClientsFacts, DirectoryError, EditClientOrder, EditClientsOrder,
    EditedClient, Ended, Receiver, RemoveClientOrder, Timestamp, decide_create_client, decide_edit_client,
    decide_edit_clients, decide_remove_client, decide_remove_documents,
};
use adieu_store_records::Damaged;

use crate::acts::documents::{change_documents, facts_of_changes};
use crate::acts::sessions;
use crate::batch::Batch;
use crate::rows::{Guarded, document_key};
use crate::working::{Halt, Looked};

type Decided<T> = Looked<Result<T, DirectoryError>>;

/// Makes a client.
pub(super) fn create(batch: &mut Batch, draft: &ClientDraft) -> Decided<Client> {
    let before = batch.stored_client_to_change(&draft.client.id);
    batch.guard(Guarded::Directory(draft.client.realm))?;
    let (before, beside) = (before?, facts_of_changes(batch, &draft.documents)?);
    let changes = match decide_create_client(before.as_ref(), draft, &beside) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if changes.told_elsewhere(before.as_ref()) {
        batch.tell_elsewhere(&Receiver::Client(draft.client.id.clone()))?;
    }
    let ClientChanges { stored, documents, end: _ } = changes;
    change_documents(batch, documents)?;
    batch.write_client(stored.clone())?;
    Ok(Ok(stored.client))
}

/// What the client holds ends in the same transaction, where it is switched off.
pub(super) fn edit(batch: &mut Batch, order: &EditClientOrder, now: Timestamp) -> Decided<EditedClient> {
    let before = batch.stored_client_to_change(&order.next.client.id);
    let beside = facts_of_changes(batch, &order.next.documents);
    match decide_edit_client(before?.as_ref(), order, &beside?) {
        Ok(changes) => change(batch, changes, now).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Several clients and documents change, or none.
pub(super) fn edit_several(
    batch: &mut Batch,
    order: &EditClientsOrder,
    now: Timestamp,
) -> Decided<Vec<EditedClient>> {
    let documents = facts_of_changes(batch, &order.documents);
    let clients: Vec<_> = order
        .clients
        .iter()
        .map(|one| {
            let before = batch.stored_client_to_change(&one.next.client.id);
            let beside = facts_of_changes(batch, &one.next.documents);
            Ok::<_, Halt>((before?, beside?))
        })
        .collect();
    let facts =
        ClientsFacts { documents: documents?, clients: clients.into_iter().collect::<Result<_, _>>()? };
    let (clients, documents) = match decide_edit_clients(&facts, order) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    change_documents(batch, documents)?;
    clients.into_iter().map(|changes| change(batch, changes, now)).collect::<Result<_, _>>().map(Ok)
}

/// Removes a client with what is kept beside it.
pub(super) fn remove(batch: &mut Batch, order: &RemoveClientOrder, now: Timestamp) -> Decided<Ended> {
    let before = batch.stored_client_to_change(&order.client)?;
    let changes = match decide_remove_client(before.as_ref(), order) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let realm = changes.stored.client.realm;
    let mut beside = Vec::new();
    for kind in order.document_kinds {
        beside.extend(batch.documents_beside(realm, kind, &order.client)?);
    }
    let changed = change(batch, changes, now)?;
    if !beside.is_empty() {
        let removed = decide_remove_documents(&beside, batch.removed_versions()?);
        batch.write_removed_versions(removed)?;
    }
    beside.iter().for_each(|document| batch.drop_document(document_key(document)));
    Ok(Ok(changed.ended.unwrap_or(Ended::Before)))
}

/// Carries out what was decided of a client: the ending first.
fn change(batch: &mut Batch, changes: ClientChanges, now: Timestamp) -> Looked<EditedClient> {
    let id = changes.stored.client.id.clone();
    if changes.told_elsewhere(batch.stored_client_to_change(&id)?.as_ref()) {
        batch.tell_elsewhere(&Receiver::Client(id.clone()))?;
    }
    let ClientChanges { stored, documents, end } = changes;
    let ended = match end {
        Some(order) => {
            Some(sessions::end(batch, &order, now)?.map_err(|_| Halt::Damaged(Damaged("client")))?)
        }
        None => None,
    };
    let now_stored = batch.stored_client_to_change(&id)?;
    let stored = stored.under(now_stored.as_ref());
    change_documents(batch, documents)?;
    batch.write_client(stored.clone())?;
    Ok(EditedClient { client: stored.client, ended })
}
