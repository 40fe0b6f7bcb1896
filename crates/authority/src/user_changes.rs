//! Changes of users: one shape for every channel.
//!
//! The record is read, the caller says the change, and the store takes it from the version that was read or not at all.
//! What ends because of it is decided in core and committed with it (ONE-ROAD).

use std::future::{Future, ready};
use std::sync::Arc;

use adieu_core::{
    DirectoryError, EditUserOrder, Edited, Ended, LockChange, Origin, OwnName, RealmId, RemoveUserOrder,
    SessionId, User, UserEdit, UserId, Version, own_username_is_sound,
};

use crate::Authority;
use crate::attempts::{Attempts, unread};
use crate::end::EndingReach;
use crate::people::PersonError;
use crate::verified::{own_traits_are_sound, without_stale};

impl Authority {
    /// Changes a user as `change` says of the record that is there. It is asked again where somebody else came before, so it
    /// also says anew whether the caller may do this to whoever the user is by then.
    pub async fn change_user<E, F>(
        &self,
        id: UserId,
        origin: Origin,
        change: impl FnMut(Arc<User>) -> F + Send,
    ) -> Result<Edited, E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<UserEdit, E>> + Send,
    {
        self.change_user_by(None, id, origin, change).await
    }

    /// The user of a session changes their own record, if the session still is live when the change is written.
    async fn change_oneself(
        &self,
        (user, session): (UserId, SessionId),
        origin: Origin,
        mut change: impl FnMut(&User) -> Result<UserEdit, DirectoryError> + Send,
    ) -> Result<Edited, DirectoryError> {
        match self.change_user_by(Some(session), user, origin, |user| ready(change(&user))).await {
            // Whoever was removed has no session any more.
            Err(DirectoryError::Unknown) => Err(DirectoryError::SessionOver),
            done => done,
        }
    }

    async fn change_user_by<E, F>(
        &self,
        by_session: Option<SessionId>,
        id: UserId,
        origin: Origin,
        mut change: impl FnMut(Arc<User>) -> F + Send,
    ) -> Result<Edited, E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<UserEdit, E>> + Send,
    {
        let mut attempts = Attempts::begin();
        loop {
            let user = self.user(id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
            let from = user.version;
            let edit = change(user).await?;
            match self.edited((id, from), by_session, edit, origin.clone()).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    /// Changes a user in a way that does not depend on what the record says.
    pub async fn edit_user(
        &self,
        id: UserId,
        edit: UserEdit,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        self.change_user(id, origin, |_| ready(Ok(edit.clone()))).await
    }

    /// Changes a user from a version that the caller has read, or not at all.
    pub async fn edit_user_from(
        &self,
        id: UserId,
        from: Version,
        edit: UserEdit,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        self.edited((id, from), None, edit, origin).await
    }

    async fn edited(
        &self,
        (user, from): (UserId, Version),
        by_session: Option<SessionId>,
        edit: UserEdit,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        let edit = self.of_verified(user, by_session, edit).await?;
        let password_ends_sessions = match edit.password {
            Some(_) => self.password_ends_sessions_of(user).await?,
            None => false,
        };
        let channel = origin.channel.clone();
        let order = EditUserOrder { user, from, edit, by_session, password_ends_sessions, origin };
        let edited = self.store().edit_user(order, self.now()).await?;
        if let Some(ended) = &edited.ended {
            self.tell(EndingReach::USER, &channel, ended);
        }
        Ok(edited)
    }

    /// The change as it may be of what was verified. The record may be a later one than the change was made from: then it is not taken.
    async fn of_verified(
        &self,
        id: UserId,
        by_session: Option<SessionId>,
        edit: UserEdit,
    ) -> Result<UserEdit, DirectoryError> {
        if edit.traits.is_none() && edit.email.is_none() && edit.username.is_none() {
            return Ok(edit);
        }
        let user = self.user(id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
        if by_session.is_some() {
            let before = OwnName { username: &user.username, email: user.email.as_deref() };
            let next = OwnName {
                username: edit.username.as_ref().unwrap_or(&user.username),
                email: edit.email.as_ref().unwrap_or(&user.email).as_deref(),
            };
            own_username_is_sound(Some(before), next)?;
        }
        if let (Some(_), Some(traits)) = (by_session, &edit.traits) {
            own_traits_are_sound(Some(&user.traits), traits)?;
        }
        Ok(without_stale(&user, edit))
    }

    /// The policy of the user's realm.
    async fn password_ends_sessions_of(&self, id: UserId) -> Result<bool, DirectoryError> {
        let user = self.user(id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
        self.password_ends_sessions(user.realm).await
    }

    async fn password_ends_sessions(&self, realm: RealmId) -> Result<bool, DirectoryError> {
        let realm = self.realm(realm).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
        Ok(self.policy().password_change_ends_sessions_in(&realm.path))
    }

    /// Enables or disables a user, whoever the user is by then. Disabling ends all the user's sessions for good: a user who is enabled again signs on anew
    /// (ENDED-STAYS-ENDED).
    pub async fn set_enabled(
        &self,
        id: UserId,
        enabled: bool,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        self.edit_user(id, UserEdit { enabled: Some(enabled), ..UserEdit::default() }, origin).await
    }

    /// Unlocks a user's account and forgives the user's failed sign-ons, on an administrator's word. Another password and enabling a disabled user do so, too: a
    /// failure counts against what the record says of both.
    pub async fn unlock_user(&self, id: UserId, origin: Origin) -> Result<Edited, DirectoryError> {
        let unlock = UserEdit { lock: Some(LockChange::Unlock), unlock: true, ..UserEdit::default() };
        self.edit_user(id, unlock, origin).await
    }

    /// The user of a session chooses another password. The user's other sessions end by the policy of the realm; the one in
    /// use lives on, and must be live when the password is written. The password of the session's user is the one that the
    /// caller has verified, if any: another one that came meanwhile stays, and the answer is [`DirectoryError::Stale`].
    pub async fn change_own_password(
        &self,
        (user, session): (&User, SessionId),
        password: &str,
        origin: Origin,
    ) -> Result<Edited, PersonError> {
        let hash = self.hash_own_new_password(user, password).await?;
        let spare = Some(session);
        let edit = UserEdit { password: Some(Some(hash)), spare, ..UserEdit::default() };
        let verified = &user.password;
        let changed = self.change_oneself((user.id, session), origin, |user| {
            if user.password == *verified { Ok(edit.clone()) } else { Err(DirectoryError::Stale) }
        });
        Ok(changed.await?)
    }

    /// The user of a session changes the own traits, and the names that follow from them.
    pub async fn change_own_traits(
        &self,
        (user, session): (UserId, SessionId),
        change: impl FnMut(&User) -> Result<UserEdit, DirectoryError> + Send,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        self.change_oneself((user, session), origin, change).await
    }

    /// The user of a session takes the own second factor away, if the session still is live when that is written.
    pub async fn drop_own_recovery_codes(
        &self,
        user: UserId,
        session: SessionId,
        origin: Origin,
    ) -> Result<Edited, DirectoryError> {
        let edit = UserEdit { recovery_codes: Some(None), ..UserEdit::default() };
        self.change_oneself((user, session), origin, |_| Ok(edit.clone())).await
    }

    /// Deletes a user and ends all the user's sessions.
    pub async fn remove_user(&self, id: UserId, origin: Origin) -> Result<Ended, DirectoryError> {
        self.removed(RemoveUserOrder { user: id, from: None, origin }).await
    }

    /// The same, if the record is still in the version that the caller has read.
    pub async fn remove_user_from(
        &self,
        id: UserId,
        from: Version,
        origin: Origin,
    ) -> Result<Ended, DirectoryError> {
        self.removed(RemoveUserOrder { user: id, from: Some(from), origin }).await
    }

    /// Deletes a user if `may` says of the record that is there that the caller may. It is asked again where somebody else came
    /// before.
    pub async fn remove_user_if<E, F>(
        &self,
        id: UserId,
        origin: Origin,
        mut may: impl FnMut(Arc<User>) -> F + Send,
    ) -> Result<Ended, E>
    where
        E: From<DirectoryError>,
        F: Future<Output = Result<(), E>> + Send,
    {
        let mut attempts = Attempts::begin();
        loop {
            let user = self.user(id).await.map_err(unread)?.ok_or(DirectoryError::Unknown)?;
            let from = user.version;
            may(user).await?;
            match self.remove_user_from(id, from, origin.clone()).await {
                Err(DirectoryError::Stale) => attempts.again()?,
                done => return Ok(done?),
            }
        }
    }

    async fn removed(&self, order: RemoveUserOrder) -> Result<Ended, DirectoryError> {
        let channel = order.origin.channel.clone();
        let (user, known) = (order.user, self.user(order.user).await.map_err(unread)?);
        let ended = self.store().remove_user(order, self.now()).await?;
        self.tell(EndingReach::USER, &channel, &ended);
        if let Some(known) = known
            && let Err(error) = self.forget_upstream_links(known.realm, user).await
        {
            // They lead to nobody any more.
            tracing::warn!(%user, %error, "whom a removed user was upstream is not forgotten yet");
        }
        Ok(ended)
    }
}
