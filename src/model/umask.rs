//! Which permission bits files and folders do not get.

use std::fmt;
use std::str::FromStr;

/// Bits that no file and no folder of an account gets, as in `umask(2)`. Their owner, which is the
/// service, always keeps what it needs to serve them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Umask(u32);

/// The text is no umask. The message is shown beside the field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("Umask must be three digits from 000 to 077, for example 027")]
pub struct UmaskError;

impl Umask {
    /// What is left of `mode`.
    pub fn apply(self, mode: u32) -> u32 {
        mode & 0o777 & !self.0
    }
}

impl Default for Umask {
    /// Everybody on the machine may read, only the service may write.
    fn default() -> Self {
        Self(0o022)
    }
}

impl FromStr for Umask {
    type Err = UmaskError;

    fn from_str(text: &str) -> Result<Self, UmaskError> {
        let text = text.trim();
        let is_octal = text.len() == 3 && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let bits = u32::from_str_radix(text, 8).map_err(|_| UmaskError)?;
        if is_octal && bits <= 0o077 {
            Ok(Self(bits))
        } else {
            Err(UmaskError)
        }
    }
}

impl fmt::Display for Umask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_umask_takes_bits_away() {
        let umask: Umask = "027".parse().unwrap();

        assert_eq!(umask.apply(0o666), 0o640);
        assert_eq!(umask.apply(0o777), 0o750);
        assert_eq!(Umask::default().apply(0o4_777), 0o755);
        assert_eq!(umask.to_string(), "027");
    }

    #[test]
    fn what_is_no_umask_is_refused() {
        for text in ["", "22", "0022", "028", "100", "-22", "+22", "७२२"] {
            assert_eq!(text.parse::<Umask>(), Err(UmaskError), "{text}");
        }
    }
}
