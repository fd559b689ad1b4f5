//! EVERY live setting, one row each: key, type, default, bounds, page, label and meaning. Storage,
//! command line, forms, validation texts and the reference page come from the row.

use std::time::Duration;

use super::value::{Days, PeerCheck, RateLimit, SettingKind, SettingValue, TlsPolicy};
use crate::model::{AddressRule, ByteSize, Checksum, Durability, PortRange, PublicAddress};
use crate::vfs::OnAbort;

/// The page on which a setting is changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SettingsPage {
    /// Names and texts.
    General,
    /// Data connections.
    PassivePorts,
    /// TLS.
    Encryption,
    /// Numbers of sessions and times.
    Limits,
    /// Uploads and records.
    Storage,
}

impl SettingsPage {
    /// Every page, in the order of the navigation.
    pub const ALL: [Self; 5] = [
        Self::General,
        Self::PassivePorts,
        Self::Encryption,
        Self::Limits,
        Self::Storage,
    ];

    /// The title of the page.
    pub fn label(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::PassivePorts => "Passive ports",
            Self::Encryption => "Encryption",
            Self::Limits => "Limits and timeouts",
            Self::Storage => "Storage and records",
        }
    }
}

/// What is known about a setting.
#[derive(Debug)]
pub struct SettingRow {
    /// The name in the database, on the command line and in forms.
    pub key: &'static str,
    /// The name on a page.
    pub label: &'static str,
    /// The page.
    pub page: SettingsPage,
    /// How a form shows it.
    pub kind: SettingKind,
    doc: &'static str,
    read: fn(&Settings) -> String,
    write: fn(&mut Settings, &str) -> Result<(), String>,
}

impl SettingRow {
    /// The row with the key `key`.
    pub fn find(key: &str) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.key == key)
    }

    /// What the setting means, in a sentence or two.
    pub fn doc(&self) -> &'static str {
        self.doc.trim()
    }

    /// The text of the value in `settings`.
    pub fn text(&self, settings: &Settings) -> String {
        (self.read)(settings)
    }

    /// The text of the value that holds until somebody changes it.
    pub fn default_text(&self) -> String {
        self.text(&Settings::default())
    }

    /// Reads `text` into `settings`.
    ///
    /// # Errors
    ///
    /// A sentence to show beside the field.
    pub fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        (self.write)(settings, text)
    }
}

macro_rules! settings {
    ($(
        $(#[doc = $doc:literal])*
        $key:ident: $type:ty = $default:expr, $bounds:expr, $page:ident, $label:literal;
    )*) => {
        /// The settings in force.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub struct Settings {
            $($(#[doc = $doc])* pub $key: $type,)*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        /// Every setting, in the order of the pages.
        pub const ROWS: &[SettingRow] = &[$(
            SettingRow {
                key: stringify!($key),
                label: $label,
                page: SettingsPage::$page,
                kind: <$type as SettingValue>::KIND,
                doc: concat!($($doc, "\n"),*),
                read: |settings| settings.$key.print(),
                write: |settings, text| {
                    settings.$key = <$type as SettingValue>::read(text, &$bounds)?;
                    Ok(())
                },
            },
        )*];
    };
}

/// For values that are not numbers.
const UNBOUNDED: std::ops::RangeInclusive<u64> = 0..=u64::MAX;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

settings! {
    /// What customers call the service; shown on pages and connection cards.
    service_name: String = "Quaymaster".to_owned(), 1..=60, General, "Service name";
    /// The host name that customers type into their program; empty until it is known.
    host_name: String = String::new(), 0..=253, General, "Host name for customers";
    /// The port that customers type; 0 for the one the service listens on, which is right unless a
    /// container or a router maps another one to it.
    host_port: u32 = 0, 0..=65_535, General, "Port for customers";
    /// The first words a client hears (220). `\n` begins another line; some devices read one only.
    banner: String = "FTP server ready.".to_owned(), 1..=200, General, "Greeting";

    /// Ports offered in PASV and EPSV replies. Publish exactly these, one to one.
    passive_ports: PortRange = PortRange::STANDARD, 1..=1_000, PassivePorts, "Passive ports";
    /// The IPv4 address that PASV replies name: `auto` for the one the client connected to, an
    /// address, or a DNS name.
    public_address: PublicAddress = PublicAddress::Automatic, UNBOUNDED, PassivePorts, "Public address";
    /// Other addresses for clients from certain networks, as `network=address` or `network=same`;
    /// the first match wins.
    address_rules: Vec<AddressRule> = Vec::new(), 0..=50, PassivePorts, "Address rules";
    /// Whether a data connection must come from the client's own address.
    peer_check: PeerCheck = PeerCheck::Strict, UNBOUNDED, PassivePorts, "Data connection from";
    /// How long PASV and EPSV wait for a port while all of them are promised to the same client.
    passive_wait: Duration = seconds(3), 0..=30, PassivePorts, "Wait for a free port";
    /// Whether clients may ask the server to connect to them (PORT, EPRT).
    active_mode: bool = true, UNBOUNDED, PassivePorts, "Active mode";
    /// Whether active connections come from port 20 where the system permits it (RFC 959 §3.2).
    active_source_port_20: bool = true, UNBOUNDED, PassivePorts, "Active connections from port 20";

    /// Whether clients must encrypt. An account can be stricter or, for old devices, more lenient.
    tls_policy: TlsPolicy = TlsPolicy::Required, UNBOUNDED, Encryption, "TLS";
    /// Whether an encrypted data connection must resume the TLS session of its control connection.
    /// It proves who connects, but many clients cannot do it.
    tls_resumption_required: bool = false, UNBOUNDED, Encryption, "Data connections must resume TLS";

    /// Whether an upload that ends without TLS's `close_notify` counts as complete. Some old clients
    /// never send it; but whoever can cut a connection can then cut files.
    tls_truncation_tolerated: bool = false, UNBOUNDED, Encryption, "Accept truncated TLS uploads";

    /// Control connections at once, over all accounts.
    max_sessions: u32 = 1_000, 1..=100_000, Limits, "Sessions";
    /// Control connections at once from one client address.
    max_sessions_per_address: u32 = 200, 1..=100_000, Limits, "Sessions per client address";
    /// Wrong passwords on one connection before it is closed.
    max_login_failures: u32 = 5, 1..=100, Limits, "Wrong passwords per connection";
    /// Wrong passwords from one client address before it has to wait, two seconds at first and twice as
    /// long with each further one, up to four minutes. Accounts that logged in from there within a day
    /// are counted on their own.
    max_login_failures_per_address: u32 = 20, 1..=100_000, Limits, "Wrong passwords per client address";
    /// Seconds a control connection may be silent before it hears 421; RFC 1123 §4.1.3.2 wants at
    /// least 300.
    idle_timeout: Duration = seconds(300), 30..=86_400, Limits, "Idle session";
    /// Seconds from the greeting to a completed login.
    login_timeout: Duration = seconds(60), 5..=3_600, Limits, "Login";
    /// Seconds a TLS handshake may take.
    tls_handshake_timeout: Duration = seconds(20), 2..=300, Limits, "TLS handshake";
    /// Seconds to wait for the client's data connection after a transfer command.
    accept_timeout: Duration = seconds(30), 2..=600, Limits, "Passive data connection";
    /// Seconds to reach the client in active mode.
    connect_timeout: Duration = seconds(10), 1..=120, Limits, "Active data connection";
    /// Seconds a transfer may stand still before it is aborted.
    stall_timeout: Duration = seconds(300), 10..=86_400, Limits, "Stalled transfer";
    /// How fast all uploads together may be, for example `50 MiB/s`; empty for no limit. Accounts have
    /// limits of their own.
    upload_rate: RateLimit = RateLimit(None), UNBOUNDED, Limits, "Upload rate of the server";
    /// The same for downloads.
    download_rate: RateLimit = RateLimit(None), UNBOUNDED, Limits, "Download rate of the server";

    /// What becomes of the bytes of an upload that broke off: those of a new file stay and can be
    /// continued, those of a replacement go and the old file stays; or all stay, or none.
    interrupted_uploads: OnAbort = OnAbort::Auto, UNBOUNDED, Storage, "Interrupted uploads";
    /// Names that nobody may give to a file or folder, as patterns with spaces between them, for
    /// example `*.exe *.php`. Capitals and small letters are the same.
    denied_names: String = String::new(), 0..=1_000, Storage, "Forbidden names";
    /// Whether an upload or MKD into folders that do not exist makes them, as many cameras expect.
    create_folders: bool = false, UNBOUNDED, Storage, "Make missing folders";
    /// Whether line ends are converted in ASCII transfers (TYPE A), as RFC 959 wants. Without, files
    /// are never changed on their way.
    ascii_conversion: bool = true, UNBOUNDED, Storage, "Convert line ends in ASCII";
    /// Whether listings show names with a leading dot without being asked for them.
    list_dotfiles: bool = true, UNBOUNDED, Storage, "List names with a leading dot";
    /// Whether `LIST -R` lists folders inside folders.
    list_recursive: bool = false, UNBOUNDED, Storage, "Recursive listings";
    /// When an upload is confirmed to the client: when the server has received every byte, or when
    /// it would survive a power cut.
    durability: Durability = Durability::Received, UNBOUNDED, Storage, "Confirm an upload";
    /// Whether an upload gets a checksum while it arrives, which then stands in the journal. It costs
    /// time on the processor, and plain uploads are no longer moved by the kernel alone.
    checksum: Checksum = Checksum::Off, UNBOUNDED, Storage, "Checksum of uploads";
    /// How much uploads leave free on the disk, for example `5 GiB`, but never more than a twentieth of
    /// it. Who would go below is told that there is no space (452).
    disk_reserve: ByteSize = ByteSize(1 << 30), UNBOUNDED, Storage, "Leave free on the disk";
    /// Seconds after which what an interrupted upload left behind is removed.
    staged_ttl: Duration = seconds(1_800), 60..=604_800, Storage, "Keep unfinished uploads";
    /// Days that the files of a deleted account lie in the trash, if they are put there.
    trash_days: Days = Days(7), 1..=3_650, Storage, "Keep trash";
    /// Whether all files are counted again every night, between 3 and 4 o'clock UTC, to find out what
    /// changed behind the server's back.
    nightly_recount: bool = false, UNBOUNDED, Storage, "Count files every night";
    /// Days that rows stay in the transfer journal.
    journal_days: Days = Days(90), 1..=3_650, Storage, "Keep transfers";
    /// Days that entries stay in the audit log.
    audit_days: Days = Days(400), 30..=3_650, Storage, "Keep audit log";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_reads_back_from_its_text_and_lies_within_its_bounds() {
        for row in ROWS {
            let mut settings = Settings::default();
            let text = row.default_text();

            assert_eq!(row.set(&mut settings, &text), Ok(()), "{}", row.key);
            assert_eq!(settings, Settings::default(), "{}", row.key);
        }
    }

    #[test]
    fn every_row_says_what_it_means() {
        for row in ROWS {
            assert!(row.doc().ends_with('.'), "{}", row.key);
            assert!(
                !row.label.is_empty() && !row.label.ends_with('.'),
                "{}",
                row.key
            );
        }
    }

    #[test]
    fn a_refused_text_changes_nothing() {
        let mut settings = Settings::default();

        let refused = SettingRow::find("passive_ports")
            .unwrap()
            .set(&mut settings, "30019-30000");

        assert_eq!(
            refused,
            Err("Last port must not be lower than the first (30019)".to_owned())
        );
        assert_eq!(settings, Settings::default());
    }
}
