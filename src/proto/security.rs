//! The arguments of `AUTH`, `PBSZ` and `PROT` (RFC 2228, RFC 4217).

use crate::proto::argument::{Argument, SyntaxError, decimal, trimmed};

/// What `AUTH` asks for; only TLS is known (RFC 4217 §4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mechanism {
    /// `TLS`, and its older names `TLS-C`, `TLS-P` and `SSL`.
    Tls,
}

impl Argument for Mechanism {
    const SYNTAX: &'static str = " TLS";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        let name = trimmed(raw)?;
        if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SyntaxError::Malformed("Malformed mechanism name."));
        }
        if ["TLS", "TLS-C", "TLS-P", "SSL"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
        {
            return Ok(Self::Tls);
        }
        Err(SyntaxError::Unsupported("Only AUTH TLS is supported."))
    }
}

/// The buffer size of `PBSZ`, a 32-bit number; with TLS it is always 0 (RFC 4217 §8).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BufferSize(pub u32);

impl Argument for BufferSize {
    const SYNTAX: &'static str = " 0";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        decimal(trimmed(raw)?)
            .and_then(|size| u32::try_from(size).ok())
            .map(Self)
            .ok_or(SyntaxError::Malformed("Not a valid buffer size."))
    }
}

/// How the data connection is protected (RFC 2228, RFC 4217 §9).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ProtectionLevel {
    /// `C`: not at all.
    #[default]
    Clear,
    /// `S`: integrity only; not supported with TLS.
    Safe,
    /// `E`: confidentiality only; not supported with TLS.
    Confidential,
    /// `P`: by TLS.
    Private,
}

impl ProtectionLevel {
    /// The letter on the wire.
    pub const fn letter(self) -> char {
        match self {
            Self::Clear => 'C',
            Self::Safe => 'S',
            Self::Confidential => 'E',
            Self::Private => 'P',
        }
    }
}

impl Argument for ProtectionLevel {
    const SYNTAX: &'static str = " <C or P>";

    fn parse(raw: Option<&str>) -> Result<Self, SyntaxError> {
        match trimmed(raw)?.to_ascii_uppercase().as_str() {
            "C" => Ok(Self::Clear),
            "S" => Ok(Self::Safe),
            "E" => Ok(Self::Confidential),
            "P" => Ok(Self::Private),
            _ => Err(SyntaxError::Unsupported("Unknown protection level.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_and_its_older_names_are_one_mechanism() {
        for name in ["TLS", "tls", "SSL", "TLS-C", "TLS-P", " TLS "] {
            assert_eq!(Mechanism::parse(Some(name)), Ok(Mechanism::Tls), "{name}");
        }
        for (name, code) in [("KERBEROS", 504), ("TLS X", 501), ("", 501)] {
            let error = Mechanism::parse(Some(name)).unwrap_err();
            assert_eq!(error.reply().code().number(), code, "{name}");
        }
    }

    #[test]
    fn a_buffer_size_has_32_bits() {
        assert_eq!(BufferSize::parse(Some("0")), Ok(BufferSize(0)));
        assert_eq!(
            BufferSize::parse(Some("4294967295")),
            Ok(BufferSize(u32::MAX))
        );
        for typed in ["x", "4294967296", "-1", ""] {
            let error = BufferSize::parse(Some(typed)).unwrap_err();
            assert_eq!(error.reply().code().number(), 501, "{typed}");
        }
    }

    #[test]
    fn protection_levels_read_back_from_their_letter() {
        for level in [
            ProtectionLevel::Clear,
            ProtectionLevel::Safe,
            ProtectionLevel::Confidential,
            ProtectionLevel::Private,
        ] {
            let letter = level.letter().to_string();
            assert_eq!(ProtectionLevel::parse(Some(&letter)), Ok(level));
            assert_eq!(
                ProtectionLevel::parse(Some(&letter.to_lowercase())),
                Ok(level)
            );
        }
        let error = ProtectionLevel::parse(Some("X")).unwrap_err();
        assert_eq!(error.reply().code().number(), 504);
    }
}
