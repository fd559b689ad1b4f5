//! The connection card: what a customer types into a program, as values, as commands to paste and
//! as a site file. It never holds a password unless it is the card of the moment it was made.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use crate::model::{Secret, TlsRule, Username};

/// What everybody who connects needs to know about the service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServiceAddress {
    /// The operator's name of the service, for site lists.
    pub service_name: String,
    /// DNS name or address that clients type in.
    pub host: String,
    /// Port for connections that begin in the clear.
    pub port: u16,
    /// What the listener on that port says about encryption.
    pub listener: ListenerTls,
    /// SHA-256 fingerprint of a certificate that no authority vouches for; empty if one does.
    pub self_signed_fingerprint: String,
}

/// What the listener that customers are sent to says about encryption.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ListenerTls {
    /// No TLS at all.
    Off,
    /// TLS for those who ask.
    Optional,
    /// No sign-in without TLS.
    Required,
}

/// What one customer needs to connect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConnectionCard {
    service: ServiceAddress,
    user: Username,
    encryption: Encryption,
}

/// What the customer's program must be set to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Encryption {
    Explicit,
    Plain,
}

impl ConnectionCard {
    /// The card of the account `user`, which has the encryption rule `rule`.
    pub fn new(service: ServiceAddress, user: Username, rule: TlsRule) -> Self {
        let encryption = match (service.listener, rule) {
            (ListenerTls::Off, _) | (_, TlsRule::Optional) => Encryption::Plain,
            _ => Encryption::Explicit,
        };
        Self {
            service,
            user,
            encryption,
        }
    }

    /// What goes into the host field.
    pub fn host(&self) -> &str {
        &self.service.host
    }

    /// What goes into the port field.
    pub fn port(&self) -> u16 {
        self.service.port
    }

    /// What goes into the user field.
    pub fn user(&self) -> &str {
        self.user.as_str()
    }

    /// What to choose for encryption, in the words of most programs.
    pub fn encryption(&self) -> &'static str {
        match (self.encryption, self.service.listener) {
            (Encryption::Explicit, _) => "Explicit FTP over TLS, required",
            (Encryption::Plain, ListenerTls::Off) => "None, plain FTP",
            (Encryption::Plain, _) => "Plain FTP allowed, TLS if the program can",
        }
    }

    /// Whether the customer may connect without encryption.
    pub fn allows_plain(&self) -> bool {
        self.encryption == Encryption::Plain
    }

    /// The fingerprint that the program will show, if no authority vouches for the certificate.
    pub fn fingerprint(&self) -> Option<&str> {
        let fingerprint = self.service.self_signed_fingerprint.as_str();
        (!fingerprint.is_empty() && self.service.listener != ListenerTls::Off)
            .then_some(fingerprint)
    }

    /// Everything as plain text, to send to the customer. `password` only on the page that shows
    /// it once.
    pub fn plain_text(&self, password: Option<&Secret>) -> String {
        let mut text = format!(
            "Host:          {}\nPort:          {}\nEncryption:    {}\nUser:          {}",
            self.host(),
            self.port(),
            self.encryption(),
            self.user()
        );
        if let Some(password) = password {
            push(
                &mut text,
                format_args!("\nPassword:      {}", password.expose()),
            );
        }
        text.push_str("\nTransfer mode: passive");
        if let Some(fingerprint) = self.fingerprint() {
            push(
                &mut text,
                format_args!("\nCertificate:   self-signed, SHA-256 {fingerprint}"),
            );
        }
        text
    }

    /// A curl command that uploads `report.pdf`; curl asks for the password.
    pub fn curl(&self) -> String {
        let tls = match (self.encryption, self.fingerprint()) {
            (Encryption::Plain, _) => "",
            (Encryption::Explicit, None) => " --ssl-reqd",
            (Encryption::Explicit, Some(_)) => " --ssl-reqd --insecure",
        };
        format!(
            "curl{tls} --user {} \\\n  --upload-file report.pdf {}",
            self.user(),
            self.url("ftp", None)
        )
    }

    /// An lftp command that signs in; lftp asks for the password.
    pub fn lftp(&self) -> String {
        let settings = match (self.encryption, self.fingerprint()) {
            (Encryption::Plain, _) => "set ftp:ssl-allow no",
            (Encryption::Explicit, None) => "set ftp:ssl-force true; set ftp:ssl-protect-data true",
            (Encryption::Explicit, Some(_)) => {
                "set ftp:ssl-force true; set ftp:ssl-protect-data true; set ssl:verify-certificate no"
            }
        };
        let port = match self.port() {
            21 => String::new(),
            port => format!("-p {port} "),
        };
        format!(
            "lftp -e '{settings}' \\\n  {port}-u {} {}",
            self.user(),
            self.host()
        )
    }

    /// The address that WinSCP takes in its host field, without a password.
    pub fn winscp(&self) -> String {
        let scheme = match self.encryption {
            Encryption::Explicit => "ftpes",
            Encryption::Plain => "ftp",
        };
        self.url(scheme, Some(self.user()))
    }

    /// A site file for FileZilla's import. Holds no password: FileZilla asks for it.
    pub fn filezilla(&self) -> String {
        // 4: explicit TLS or nothing. 0: TLS if the server offers it, which an exception for a
        // device does not need but a person's FileZilla uses.
        let protocol = match self.encryption {
            Encryption::Explicit => 4,
            Encryption::Plain => 0,
        };
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<FileZilla3>
  <Servers>
    <Server>
      <Host>{host}</Host>
      <Port>{port}</Port>
      <Protocol>{protocol}</Protocol>
      <Type>0</Type>
      <User>{user}</User>
      <Logontype>2</Logontype>
      <PasvMode>MODE_PASSIVE</PasvMode>
      <EncodingType>UTF-8</EncodingType>
      <BypassProxy>0</BypassProxy>
      <Name>{name}</Name>
    </Server>
  </Servers>
</FileZilla3>
"#,
            host = xml(self.host()),
            port = self.port(),
            user = xml(self.user()),
            name = xml(&format!("{} – {}", self.service.service_name, self.user())),
        )
    }

    fn url(&self, scheme: &str, user: Option<&str>) -> String {
        let host = if self.host().parse::<Ipv6Addr>().is_ok() {
            format!("[{}]", self.host())
        } else {
            self.host().to_owned()
        };
        // A user name may hold one character that means something in an address.
        let user = user
            .map(|user| format!("{}@", user.replace('@', "%40")))
            .unwrap_or_default();
        let port = match self.port() {
            21 => String::new(),
            port => format!(":{port}"),
        };
        format!("{scheme}://{user}{host}{port}/")
    }
}

/// `text` with the characters escaped that mean something in XML.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _infallible = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> ServiceAddress {
        ServiceAddress {
            service_name: "Northlight".to_owned(),
            host: "ftp.northlight.example".to_owned(),
            port: 21,
            listener: ListenerTls::Required,
            self_signed_fingerprint: String::new(),
        }
    }

    fn card(service: ServiceAddress, rule: TlsRule) -> ConnectionCard {
        ConnectionCard::new(service, "kestrel-print".parse().unwrap(), rule)
    }

    #[test]
    fn an_ordinary_account_gets_explicit_tls() {
        let card = card(service(), TlsRule::Inherit);

        assert_eq!(
            card.plain_text(None),
            "Host:          ftp.northlight.example
Port:          21
Encryption:    Explicit FTP over TLS, required
User:          kestrel-print
Transfer mode: passive"
        );
        assert_eq!(
            card.curl(),
            "curl --ssl-reqd --user kestrel-print \\\n  --upload-file report.pdf ftp://ftp.northlight.example/"
        );
        assert_eq!(
            card.lftp(),
            "lftp -e 'set ftp:ssl-force true; set ftp:ssl-protect-data true' \\\n  -u kestrel-print ftp.northlight.example"
        );
        assert_eq!(
            card.winscp(),
            "ftpes://kestrel-print@ftp.northlight.example/"
        );
    }

    #[test]
    fn another_port_is_named_everywhere() {
        let card = card(
            ServiceAddress {
                port: 2_121,
                ..service()
            },
            TlsRule::Required,
        );

        assert!(card.curl().ends_with("ftp://ftp.northlight.example:2121/"));
        assert!(
            card.lftp()
                .ends_with("-p 2121 -u kestrel-print ftp.northlight.example")
        );
        assert_eq!(
            card.winscp(),
            "ftpes://kestrel-print@ftp.northlight.example:2121/"
        );
        assert!(card.filezilla().contains("<Port>2121</Port>"));
    }

    #[test]
    fn an_account_with_an_exception_gets_the_plain_variants() {
        let card = card(service(), TlsRule::Optional);

        assert!(card.allows_plain());
        assert_eq!(
            card.encryption(),
            "Plain FTP allowed, TLS if the program can"
        );
        assert_eq!(
            card.curl(),
            "curl --user kestrel-print \\\n  --upload-file report.pdf ftp://ftp.northlight.example/"
        );
        assert!(card.lftp().starts_with("lftp -e 'set ftp:ssl-allow no'"));
        assert_eq!(card.winscp(), "ftp://kestrel-print@ftp.northlight.example/");
        assert!(card.filezilla().contains("<Protocol>0</Protocol>"));
    }

    #[test]
    fn a_required_account_stays_encrypted_on_an_optional_listener() {
        let optional = ServiceAddress {
            listener: ListenerTls::Optional,
            ..service()
        };

        assert!(!card(optional, TlsRule::Required).allows_plain());
    }

    #[test]
    fn a_self_signed_certificate_shows_its_fingerprint() {
        let card = card(
            ServiceAddress {
                self_signed_fingerprint: "4f:9a:c1".to_owned(),
                ..service()
            },
            TlsRule::Inherit,
        );

        assert!(
            card.plain_text(None)
                .ends_with("self-signed, SHA-256 4f:9a:c1")
        );
        assert!(card.curl().starts_with("curl --ssl-reqd --insecure --user"));
        assert!(card.lftp().contains("set ssl:verify-certificate no"));
    }

    #[test]
    fn the_site_file_holds_no_password_and_escapes_names() {
        let card = card(
            ServiceAddress {
                service_name: "Smith & <Sons>".to_owned(),
                ..service()
            },
            TlsRule::Inherit,
        );

        let xml = card.filezilla();

        assert_eq!(
            xml,
            r#"<?xml version="1.0" encoding="UTF-8"?>
<FileZilla3>
  <Servers>
    <Server>
      <Host>ftp.northlight.example</Host>
      <Port>21</Port>
      <Protocol>4</Protocol>
      <Type>0</Type>
      <User>kestrel-print</User>
      <Logontype>2</Logontype>
      <PasvMode>MODE_PASSIVE</PasvMode>
      <EncodingType>UTF-8</EncodingType>
      <BypassProxy>0</BypassProxy>
      <Name>Smith &amp; &lt;Sons&gt; – kestrel-print</Name>
    </Server>
  </Servers>
</FileZilla3>
"#
        );
    }

    #[test]
    fn an_address_and_a_name_with_an_at_sign_make_a_valid_url() {
        let service = ServiceAddress {
            host: "2001:db8::24".to_owned(),
            ..service()
        };
        let card = ConnectionCard::new(
            service,
            "anke@kestrel.example".parse().unwrap(),
            TlsRule::Inherit,
        );

        assert_eq!(
            card.winscp(),
            "ftpes://anke%40kestrel.example@[2001:db8::24]/"
        );
    }

    #[test]
    fn only_the_card_of_the_moment_holds_the_password() {
        let card = card(service(), TlsRule::Inherit);
        let password = Secret::new("amber-quartz-Tram7-lichen".to_owned());

        assert!(
            card.plain_text(Some(&password))
                .contains("Password:      amber-quartz-Tram7-lichen")
        );
        assert!(!card.plain_text(None).contains("Password"));
    }
}
