//! md5-crypt (Kamp 1994), which ProFTPD's `ftpasswd` makes unless told otherwise: `$1$salt$hash`, and the
//! same with Apache's name in it: `$apr1$salt$hash`. Always a thousand rounds.

use std::iter::repeat_n;

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::refusal::{HashRefusal, Scheme};

/// A hash.
#[derive(Debug)]
pub(super) struct Md5Crypt {
    magic: &'static str,
    salt: String,
    hash: String,
}

const ROUNDS: u32 = 1_000;
/// Characters of a salt that count.
const SALT: usize = 8;
/// Characters of a hash: 16 bytes, six bits each.
const HASH: usize = 22;
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

impl Md5Crypt {
    /// Reads `text`, which begins with `$1$` or `$apr1$`.
    pub(super) fn read(text: &str) -> Result<Self, HashRefusal> {
        let damaged = HashRefusal::Malformed(Scheme::Md5Crypt);
        let magic = if text.starts_with("$1$") {
            "$1$"
        } else {
            "$apr1$"
        };
        let rest = text.strip_prefix(magic).ok_or(damaged)?;
        let (salt, hash) = rest.split_once('$').ok_or(damaged)?;
        let is_complete = (1..=SALT).contains(&salt.len())
            && hash.len() == HASH
            && hash.bytes().all(|byte| ALPHABET.contains(&byte));
        if !is_complete {
            return Err(damaged);
        }
        Ok(Self {
            magic,
            salt: salt.to_owned(),
            hash: hash.to_owned(),
        })
    }

    pub(super) fn verify(&self, password: &[u8]) -> bool {
        let digest = stretched(password, self.salt.as_bytes(), self.magic.as_bytes());
        written(digest)
            .as_bytes()
            .ct_eq(self.hash.as_bytes())
            .into()
    }
}

fn stretched(password: &[u8], salt: &[u8], magic: &[u8]) -> [u8; 16] {
    let mut digest = first(password, salt, magic);
    for round in 0..ROUNDS {
        let is_odd = round % 2 == 1;
        let mut next = Md5::new();
        next.update(if is_odd { password } else { &digest[..] });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if is_odd { &digest[..] } else { password });
        digest = next.finalize().into();
    }
    digest
}

fn first(password: &[u8], salt: &[u8], magic: &[u8]) -> [u8; 16] {
    let inner: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut outer = Md5::new()
        .chain_update(password)
        .chain_update(magic)
        .chain_update(salt);
    // As many bytes of the inner digest, over and over, as the password has.
    for byte in inner.iter().cycle().take(password.len()) {
        outer.update([*byte]);
    }
    // For each bit of the length a zero or the first character: an old mistake that everybody keeps.
    let bits = usize::BITS - password.len().leading_zeros();
    let mut length = password.len();
    for head in repeat_n(password.first().copied().unwrap_or(0), bits as usize) {
        outer.update([if length % 2 == 1 { 0 } else { head }]);
        length /= 2;
    }
    outer.finalize().into()
}

/// The digest in the letters and the order of `crypt(3)`.
fn written(digest: [u8; 16]) -> String {
    let byte = |at: usize| u32::from(digest.get(at).copied().unwrap_or(0));
    let mut text = String::with_capacity(HASH);
    let mut write = |mut bits: u32, letters: u32| {
        for _ in 0..letters {
            let letter = ALPHABET.get((bits % 64) as usize).copied();
            text.push(letter.map_or('.', char::from));
            bits /= 64;
        }
    };
    for [high, middle, low] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        write(byte(high) << 16 | byte(middle) << 8 | byte(low), 4);
    }
    write(byte(11), 2);
    text
}
