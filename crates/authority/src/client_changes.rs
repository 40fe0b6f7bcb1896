//! Changes of clients, alone or together with documents and with each other.
//!
//! A change is made from the version that was read and made anew where somebody else came before; what it writes, it writes in
//! one commit. What a client holds ends with it as core decides.

use std::future::{Future, ready};

use adieu_core::{
    Client, ClientDraft, ClientId, DirectoryError, DocumentChange, EditClientOrder, EditClientsOrder, Origin,
    RealmId, Version,
};

use crate::Authority;
use crate::attempts::{Attempts, unread};
use crate::clients::HeldGrants;
use crate::end::EndingReach;

/// Clients and documents of a realm as they are to be, together.
#[derive(Clone, Debug, Default)]
pub struct ClientsDraft {
    /// The clients, each in the version that was read.
    pub clients: Vec<Client>,
    /// What becomes of documents.
    pub documents: Vec<DocumentChange>,
}

impl Authority {
    /// Changes a client as `change` says of the record that is there. It is asked again where somebody else came before, so it
    /// also says anew whether the caller may do this to what the client is by then. Realm, id and secret are not for it to
    /// set: see [`Authority::rotate_secret`]. What a client holds ends with it as core decides. A change may bring what a dialect
    /// keeps beside the client: both are written, or neither.
    pub async fn change_client<E, F, D>(
        &self,
        realm: RealmId,
        id: &ClientId,
        origin: Origin,
        mut change: impl FnMut(Client) -> F + Send,
    ) -> Result<Client, E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<D, E>> + Send,
        D: Into<ClientDraft>,
    {
        let mut attempts = Attempts::begin();
        loop {
            let before = self.client(realm, id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
            let next = change(Client::clone(&before)).await?.into();
            match self.changed_client(&before, next, (HeldGrants::AsDecided, origin.clone())).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    /// Changes members of a client.
    pub async fn edit_client(
        &self,
        realm: RealmId,
        id: &ClientId,
        origin: Origin,
        mut change: impl FnMut(&mut Client) + Send,
    ) -> Result<Client, DirectoryError> {
        self.change_client(realm, id, origin, |mut client| {
            change(&mut client);
            ready(Ok(client))
        })
        .await
    }

    /// Changes members of a client from a version that the caller has read, or not at all.
    pub async fn edit_client_from(
        &self,
        (realm, id): (RealmId, &ClientId),
        from: Version,
        origin: Origin,
        change: impl FnOnce(&mut Client) + Send,
    ) -> Result<Client, DirectoryError> {
        let before = self.client(realm, id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
        before.version.is_still(from)?;
        let mut next = Client::clone(&before);
        change(&mut next);
        self.changed_client(&before, next.into(), (HeldGrants::AsDecided, origin)).await
    }

    /// Changes several clients and documents of a realm together as `change` says of what is there: all of it, or nothing. The
    /// clients that it gives have the versions that it has read. It is asked again where somebody else came before.
    pub async fn change_clients<E, F>(
        &self,
        realm: RealmId,
        origin: Origin,
        mut change: impl FnMut() -> F + Send,
    ) -> Result<(), E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<ClientsDraft, E>> + Send,
    {
        let mut attempts = Attempts::begin();
        loop {
            let ClientsDraft { clients, documents } = change().await?;
            match self.changed_clients(realm, (clients, documents), &origin).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    async fn changed_clients(
        &self,
        realm: RealmId,
        (nexts, documents): (Vec<Client>, Vec<DocumentChange>),
        origin: &Origin,
    ) -> Result<(), DirectoryError> {
        let mut clients = Vec::new();
        for next in nexts {
            let before = self.client(realm, &next.id).await.map_err(unread)?.ok_or(DirectoryError::Stale)?;
            before.version.is_still(next.version)?;
            self.judge_scopes(Some(&before), &next)?;
            clients.push(self.edit_order(&before, next.into(), (HeldGrants::AsDecided, origin.clone())));
        }
        let order = EditClientsOrder { realm, clients, documents };
        for edited in self.store().edit_clients(order, self.now()).await? {
            if let Some(ended) = &edited.ended {
                self.tell(EndingReach::GRANTS, &origin.channel, ended);
            }
        }
        Ok(())
    }

    pub(crate) async fn changed_client(
        &self,
        before: &Client,
        next: ClientDraft,
        (held, origin): (HeldGrants, Origin),
    ) -> Result<Client, DirectoryError> {
        let channel = origin.channel.clone();
        self.judge_scopes(Some(before), &next.client)?;
        let order = self.edit_order(before, next, (held, origin));
        let edited = self.store().edit_client(order, self.now()).await?;
        if edited.client.signing != before.signing {
            self.prepare_keys_for(&edited.client).await;
        }
        if let Some(ended) = &edited.ended {
            self.tell(EndingReach::GRANTS, &channel, ended);
        }
        Ok(edited.client)
    }

    /// The order that makes a client, as it was read, what it is to be.
    fn edit_order(
        &self,
        before: &Client,
        next: ClientDraft,
        (held, origin): (HeldGrants, Origin),
    ) -> EditClientOrder {
        let (id, realm, updated_at) = (before.id.clone(), before.realm, self.now());
        let client = Client { id, realm, updated_at, ..next.client };
        let (client, anew) = client.with_secret_over(before, |last| self.secret_version_after(last));
        let client = if anew { self.with_secret(client) } else { client };
        let next = ClientDraft { client, ..next };
        EditClientOrder { from: before.version, next, ends_grants: held == HeldGrants::Ends, origin }
    }
}
