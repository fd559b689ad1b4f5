//! One stored password, whatever its kind.

use super::argon::{self, Argon};
use super::blowfish::Blowfish;
use super::derived::Derived;
use super::md5::Md5Crypt;
use super::refusal::{HashRefusal, Scheme};
use super::sha::Sha;
use crate::model::PasswordHash;

/// What is stored for an account that has no password: nobody can log in until one is set.
pub const NO_PASSWORD: &str = "!";

/// Most bytes of a hash text.
const LONGEST: usize = 512;

/// A hash that can be verified, its cost within the bounds.
#[derive(Debug)]
pub(in crate::hosting) struct StoredPassword(Kind);

#[derive(Debug)]
enum Kind {
    Argon(Argon),
    Blowfish(Blowfish),
    Derived(Derived),
    Md5(Md5Crypt),
    Sha(Sha),
}

/// Whether `text` is a hash that an account may have.
///
/// # Errors
///
/// [`HashRefusal`] says why it is not accepted, in words for whoever imports it.
pub fn check(text: &str) -> Result<PasswordHash, HashRefusal> {
    StoredPassword::read(text).map(|_| PasswordHash::new(text.to_owned()))
}

/// The kind of a stored hash; `None` if the account has no password.
pub fn scheme(stored: &PasswordHash) -> Option<Scheme> {
    let read = StoredPassword::read(stored.as_str()).ok()?;
    Some(read.scheme())
}

/// The hash of a password that is set today; `None` if there is no memory for it.
pub(in crate::hosting) fn hash(password: &str) -> Option<PasswordHash> {
    argon::hash(password.as_bytes()).map(PasswordHash::new)
}

impl StoredPassword {
    /// Reads a hash; what it costs is known after that, and nothing is computed yet.
    ///
    /// # Errors
    ///
    /// [`HashRefusal`].
    pub(in crate::hosting) fn read(text: &str) -> Result<Self, HashRefusal> {
        if text.len() > LONGEST {
            return Err(HashRefusal::TooLong);
        }
        let begins = |kinds: &[&str]| kinds.iter().any(|kind| text.starts_with(kind));
        let kind = if begins(&["$argon2"]) {
            Argon::read(text).map(Kind::Argon)
        } else if begins(&["$2"]) {
            Blowfish::read(text).map(Kind::Blowfish)
        } else if begins(&["$5$", "$6$"]) {
            Sha::read(text).map(Kind::Sha)
        } else if begins(&["$1$", "$apr1$"]) {
            Md5Crypt::read(text).map(Kind::Md5)
        } else if begins(&["$pbkdf2", "pbkdf2_"]) {
            Derived::read(text).map(Kind::Derived)
        } else {
            let known = UNSUPPORTED
                .iter()
                .find(|(start, _)| text.starts_with(start));
            Err(known.map_or(HashRefusal::Unknown, |(_, name)| {
                HashRefusal::Unsupported(name)
            }))
        };
        kind.map(Self)
    }

    /// Whether a password that is hashed today would be kept in the same way.
    pub(in crate::hosting) fn is_ours(&self) -> bool {
        matches!(&self.0, Kind::Argon(argon) if argon.is_ours())
    }

    /// Whether `password` is the one behind the hash. Takes long.
    pub(in crate::hosting) fn verify(&self, password: &str) -> bool {
        let password = password.as_bytes();
        match &self.0 {
            Kind::Argon(hash) => hash.verify(password),
            Kind::Blowfish(hash) => hash.verify(password),
            Kind::Derived(hash) => hash.verify(password),
            Kind::Md5(hash) => hash.verify(password),
            Kind::Sha(hash) => hash.verify(password),
        }
    }

    /// Whether all of `password` counts. Of one that is longer than what the scheme looks at, every
    /// continuation is right.
    pub(in crate::hosting) fn sees_all_of(&self, password: &str) -> bool {
        match &self.0 {
            Kind::Blowfish(_) => password.len() < Blowfish::SEEN_BYTES,
            Kind::Argon(_) | Kind::Derived(_) | Kind::Md5(_) | Kind::Sha(_) => true,
        }
    }

    fn scheme(&self) -> Scheme {
        match &self.0 {
            Kind::Argon(_) => Scheme::Argon2id,
            Kind::Blowfish(_) => Scheme::Bcrypt,
            Kind::Derived(_) => Scheme::Pbkdf2,
            Kind::Md5(_) => Scheme::Md5Crypt,
            Kind::Sha(hash) => hash.scheme(),
        }
    }
}

/// Kinds that are recognised in order to name them.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("$7$", "scrypt"),
    ("$gy$", "gost-yescrypt"),
    ("$md5", "SunMD5"),
    ("$scrypt$", "scrypt"),
    ("$sha1$", "sha1-crypt"),
    ("$y$", "yescrypt"),
    ("{CRYPT}", "{CRYPT}"),
    ("{MD5}", "unsalted MD5"),
    ("{SHA256}", "unsalted SHA-256"),
    ("{SHA512}", "unsalted SHA-512"),
    ("{SHA}", "unsalted SHA-1"),
    ("{SMD5}", "salted MD5"),
    ("{SSHA", "salted SHA"),
    ("{md5}", "unsalted MD5"),
    ("{sha1}", "unsalted SHA-1"),
    ("{sha256}", "unsalted SHA-256"),
    ("{sha512}", "unsalted SHA-512"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "Harbour-lights 7";

    fn read(text: &str) -> StoredPassword {
        StoredPassword::read(text).unwrap_or_else(|refused| panic!("{text}: {refused}"))
    }

    /// Made with PHP, OpenSSL and Python, not with what verifies them here.
    const FOREIGN: &[(Scheme, &str)] = &[
        (
            Scheme::Bcrypt,
            "$2y$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy",
        ),
        (
            Scheme::Bcrypt,
            "$2a$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy",
        ),
        (
            Scheme::Bcrypt,
            "$2b$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy",
        ),
        (
            Scheme::Sha256Crypt,
            "$5$rounds=1000$quaysalt$8SHdF8t8gCzKV1eBmeflbrPs9GIMxnAt1jk32W3eBX2",
        ),
        (
            Scheme::Sha256Crypt,
            "$5$quaysalt$UAtRV6Rpdznjsw6DWAzFBGxcPX0vsMV1gvrkYX2U8NB",
        ),
        (
            Scheme::Sha512Crypt,
            "$6$rounds=1000$quaysalt$T1X3ald6IO2J6Bbv1lMWG3Rrq9W4pia9qdu0ugieK2ifvKkuMg.eqFnbUxKwstJj5PchQQ3pGUc220rd4tWWp/",
        ),
        (
            Scheme::Sha512Crypt,
            "$6$quaysalt$3YxLI/QWjVzyWgAE3pvqbIEUgWbAG.sgC0q3OvXZd3zDM2ioHnxQhGBspHMIQ8Jx5tJm5FWDCBdDnIk.0oYpf.",
        ),
        (Scheme::Md5Crypt, "$1$quaysalt$CZToviFmw60gDuam1t4gW/"),
        (Scheme::Md5Crypt, "$apr1$quaysalt$2S34GDlP8A3hdg.teoU10/"),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-sha1$1200$quaysalt$ZpBYrAKBfzGPb19Y6QlMaErcQ4M=",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-sha256$1200$quaysalt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-sha512$1200$quaysalt$/rrZXp4AzW1WN2MhO4pqKpRensQkOg2tlU3x+W4JNqjZGrQM8d3aicgIk911DBYOAyVkCu4NsYtNe2WGDkCgUw==",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-b64salt-sha1$1200$+/8gcXVheSBzYWx0IDE2Yg==$rr9b+VXAA6YRwfYAP5/xugUKOLE=",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-b64salt-sha256$1200$+/8gcXVheSBzYWx0IDE2Yg==$BpGqCpUszJ93ALpvr2kSfaKWY+mMLgXDBJGswak48Ck=",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2$1200$./8gcXVheSBzYWx0IDE2Yg$rr9b.VXAA6YRwfYAP5/xugUKOLE",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-sha256$1200$./8gcXVheSBzYWx0IDE2Yg$BpGqCpUszJ93ALpvr2kSfaKWY.mMLgXDBJGswak48Ck",
        ),
        (
            Scheme::Pbkdf2,
            "$pbkdf2-sha512$1200$./8gcXVheSBzYWx0IDE2Yg$PL8zLjyApeCRYRiJeKFWF5LQi1DdkOkcPEsbwkrI3Cgr40pZZgFBHVeS4ipJPXdqzIlWBXF2EciuapwtjNAotQ",
        ),
        (
            Scheme::Pbkdf2,
            "pbkdf2_sha1$1200$quaysalt$ZpBYrAKBfzGPb19Y6QlMaErcQ4M=",
        ),
        (
            Scheme::Pbkdf2,
            "pbkdf2_sha256$1200$quaysalt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=",
        ),
    ];

    #[test]
    fn a_hash_from_elsewhere_verifies_its_own_password_and_no_other() {
        for (scheme, text) in FOREIGN {
            let stored = read(text);

            assert_eq!(stored.scheme(), *scheme, "{text}");
            assert!(!stored.is_ours(), "{text}");
            assert!(stored.verify(PASSWORD), "{text}");
            for wrong in [
                "",
                "Harbour-lights 8",
                "Harbour-lights 7 ",
                "harbour-lights 7",
            ] {
                assert!(!stored.verify(wrong), "{text}: {wrong:?}");
            }
        }
    }

    #[test]
    fn published_vectors_verify() {
        for (password, text) in [
            // crypt_blowfish, the tests of its source.
            (
                "U*U",
                "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            ),
            (
                "U*U*U",
                "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a",
            ),
            // The paper on SHA-crypt.
            (
                "Hello world!",
                "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
            ),
            (
                "Hello world!",
                "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
            ),
            (
                "Hello world!",
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            ),
            // The tests of SFTPGo.
            (
                "password",
                "$pbkdf2-sha256$150000$E86a9YMX3zC7$R5J62hsSq+pYw00hLLPKBbcGXmq7fj5+/M0IFoYtZbo=",
            ),
            // The tutorial of passlib.
            (
                "toomanysecrets",
                "$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk",
            ),
            // OpenSSL, with nothing and with more than four digests of letters.
            ("", "$1$quaysalt$FAqFQy3hwoNVZiqzmnrEy."),
            (&"x".repeat(70), "$1$q$DK4q0RiGJTx4Ssq8RLY0i."),
        ] {
            assert!(read(text).verify(password), "{text}");
        }
    }

    #[test]
    fn ours_are_told_from_argon2id_of_others() {
        let ours = hash(PASSWORD).unwrap();
        let others = "$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

        assert!(read(ours.as_str()).is_ours());
        assert!(read(ours.as_str()).verify(PASSWORD));
        assert!(!read(others).is_ours());
        assert!(!read(others).verify(PASSWORD));
    }

    #[test]
    fn a_hash_that_costs_too_much_is_refused_with_its_price() {
        let key = "A".repeat(86);
        for (text, told) in [
            (
                format!("$2y$31${}", ".".repeat(53)),
                "bcrypt with 31 as cost is not accepted, only 4 to 13",
            ),
            (
                format!("$6$rounds=2147483648$salt${key}"),
                "sha512-crypt with 2147483648 rounds is not accepted, only 1000 to 1000000",
            ),
            (
                "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                "argon2id with 4194304 KiB of memory is not accepted, only 8 to 262144",
            ),
            (
                "$argon2id$v=19$m=262144,t=9,p=1$c29tZXNhbHRzb21l$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
                "argon2id with 2359296 KiB written in all passes is not accepted, only 8 to 524288",
            ),
            (
                "$pbkdf2-sha256$2147483648$salt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=".to_owned(),
                "PBKDF2 with 2147483648 rounds is not accepted, only 1 to 1500000",
            ),
            (
                // Two blocks of SHA-256 cost twice as much.
                format!("$pbkdf2-sha256$1500000$salt${key}=="),
                "PBKDF2 with 1500000 rounds is not accepted, only 1 to 750000",
            ),
            (
                "$pbkdf2-sha1$99999999999999999999999$salt$ZpBYrAKBfzGPb19Y6QlMaErcQ4M=".to_owned(),
                "PBKDF2 with 18446744073709551615 rounds is not accepted, only 1 to 1500000",
            ),
        ] {
            let refused = StoredPassword::read(&text).unwrap_err();

            assert_eq!(refused.to_string(), told, "{text}");
        }
    }

    #[test]
    fn what_is_no_hash_is_refused_and_not_repeated() {
        for text in [
            "",
            "!",
            "secret",
            "$",
            "$$",
            "$1$",
            "$1$salt",
            "$1$$CZToviFmw60gDuam1t4gW/",
            "$1$muchtoolongsalt$CZToviFmw60gDuam1t4gW/",
            "$1$quaysalt$CZToviFmw60gDuam1t4gWü",
            "$2y$04$short",
            "$2y$xx$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy",
            "$5$rounds=$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
            "$5$rounds=+5000$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
            "$6$salt$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
            "$6$$3YxLI/QWjVzyWgAE3pvqbIEUgWbAG.sgC0q3OvXZd3zDM2ioHnxQhGBspHMIQ8Jx5tJm5FWDCBdDnIk.0oYpf.",
            "$argon2id$v=19$m=64,t=1,p=2",
            "$argon2id$v=19$m=,t=,p=$c29tZXNhbHQ$AAAA",
            "$pbkdf2-sha256$-1$salt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=",
            "$pbkdf2-sha256$1$salt$AAAA",
            "$pbkdf2-sha256$1$salt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=$more",
            "$pbkdf2-b64salt-sha256$1$???$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=",
            "pbkdf2_md4$1$salt$izv5mRj/D9JysdxEwkqvj6JTUtLCvenyIDk7NqRCKmY=",
            "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "$y$j9T$salt$hash",
            "$2x$04$CmK5QSJNqqrBs6KYyFSpqOz/.zaVUHLRpG4loCflWci63qtCxiXfy",
            "*4ACFE3202A5FF5CF467898FC58AAB1D615029441",
            &"x".repeat(513),
        ] {
            let refused = StoredPassword::read(text).unwrap_err().to_string();

            let is_repeated = text.len() > 2 && refused.contains(text);
            assert!(!is_repeated, "{text}: {refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_stored_it_is_read_without_a_panic(
            start in "\\$(1|2a|2y|5|6|apr1|argon2id|pbkdf2|pbkdf2-sha256|pbkdf2-b64salt-sha1)\\$|pbkdf2_sha1\\$|",
            rest in "([ -~]|[$.=/0-9a-z]|\\PC){0,120}",
        ) {
            let _read = StoredPassword::read(&format!("{start}{rest}"));
        }
    }
}
