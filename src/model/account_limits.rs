//! What limits one account.

use super::traffic::Traffic;

/// The limits of one account, in the order in which people read them. `T` is what is known of each:
/// its value, an override, the field of a form.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, bound(deserialize = "T: serde::Deserialize<'de> + Default"))]
pub struct AccountLimits<T> {
    /// Stored bytes.
    pub bytes: T,
    /// Stored files.
    pub files: T,
    /// Bytes of the largest file.
    pub file_bytes: T,
    /// Sessions at once.
    pub sessions: T,
    /// Sessions at once from one address.
    pub sessions_per_address: T,
    /// Bytes a second that all uploads share.
    pub upload_rate: T,
    /// Bytes a second that all downloads share.
    pub download_rate: T,
    /// Bytes a second of the uploads of one session.
    pub session_upload_rate: T,
    /// Bytes a second of the downloads of one session.
    pub session_download_rate: T,
    /// Bytes that cross data connections in a period.
    pub traffic: Traffic<T>,
}

impl<T> AccountLimits<T> {
    /// One after the other.
    pub fn into_array(self) -> [T; 12] {
        [
            self.bytes,
            self.files,
            self.file_bytes,
            self.sessions,
            self.sessions_per_address,
            self.upload_rate,
            self.download_rate,
            self.session_upload_rate,
            self.session_download_rate,
            self.traffic.up,
            self.traffic.down,
            self.traffic.both,
        ]
    }

    /// The limits in the order of [`Self::into_array`].
    pub fn from_array(each: [T; 12]) -> Self {
        let [
            bytes,
            files,
            file_bytes,
            sessions,
            sessions_per_address,
            upload_rate,
            download_rate,
            session_upload_rate,
            session_download_rate,
            up,
            down,
            both,
        ] = each;
        Self {
            bytes,
            files,
            file_bytes,
            sessions,
            sessions_per_address,
            upload_rate,
            download_rate,
            session_upload_rate,
            session_download_rate,
            traffic: Traffic { up, down, both },
        }
    }

    /// What `change` makes of each.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> AccountLimits<U> {
        AccountLimits::from_array(self.into_array().map(change))
    }

    /// Each beside what `other` says of it.
    pub fn beside<U>(self, other: AccountLimits<U>) -> AccountLimits<(T, U)> {
        AccountLimits {
            bytes: (self.bytes, other.bytes),
            files: (self.files, other.files),
            file_bytes: (self.file_bytes, other.file_bytes),
            sessions: (self.sessions, other.sessions),
            sessions_per_address: (self.sessions_per_address, other.sessions_per_address),
            upload_rate: (self.upload_rate, other.upload_rate),
            download_rate: (self.download_rate, other.download_rate),
            session_upload_rate: (self.session_upload_rate, other.session_upload_rate),
            session_download_rate: (self.session_download_rate, other.session_download_rate),
            traffic: self.traffic.beside(other.traffic),
        }
    }
}

impl<T, E> AccountLimits<Result<T, E>> {
    /// All of them, or what is wrong with the first that is wrong.
    ///
    /// # Errors
    ///
    /// The first one.
    pub fn all(self) -> Result<AccountLimits<T>, E> {
        Ok(AccountLimits {
            bytes: self.bytes?,
            files: self.files?,
            file_bytes: self.file_bytes?,
            sessions: self.sessions?,
            sessions_per_address: self.sessions_per_address?,
            upload_rate: self.upload_rate?,
            download_rate: self.download_rate?,
            session_upload_rate: self.session_upload_rate?,
            session_download_rate: self.session_download_rate?,
            traffic: self.traffic.all()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_taken_for_another() {
        let limits = AccountLimits::from_array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);

        let beside = limits.beside(limits.map(|each| each * 10));
        let all = limits.map(Ok::<_, ()>).all();

        assert_eq!(limits.into_array(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert!(beside.into_array().iter().all(|(a, b)| a * 10 == *b));
        assert_eq!(all, Ok(limits));
    }
}
