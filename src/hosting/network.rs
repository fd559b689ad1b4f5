//! The network settings: passive ports, the addresses in passive replies, active mode. Applied live:
//! what cannot be applied is not saved.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::hosting::foundation::Foundation;
use crate::model::{Actor, AddressRule, PortRange, PublicAddress, Right};
use crate::net::{
    AddressPolicy, BindError, NameStatus, PassivePorts, PortView, PublicName, Surroundings,
    advertised,
};
use crate::settings::{LiveSettings, SettingRow, Settings, SettingsError};

/// A cheap handle on the network settings.
#[derive(Clone, Debug)]
pub struct Network(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    foundation: Foundation,
    settings: LiveSettings,
    ports: PassivePorts,
    name: PublicName,
    around: Surroundings,
    /// One change at a time: ports are opened before the settings are saved.
    changing: Mutex<()>,
}

/// The network settings that an administrator edits together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NetworkChange {
    /// The passive ports.
    pub passive_ports: PortRange,
    /// What clients are told unless a rule matches.
    pub public_address: PublicAddress,
    /// What clients of certain networks are told; the first match wins.
    pub address_rules: Vec<AddressRule>,
    /// Whether `PORT` and `EPRT` are answered.
    pub active_mode: bool,
    /// Whether active connections come from port 20 where the process may bind it.
    pub active_source_port_20: bool,
}

/// Why a change of the network settings is refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The actor's role does not include the right.
    #[error("the role does not include {0:?}")]
    Forbidden(Right),
    /// A port of the range cannot be bound.
    #[error("{0}")]
    Bind(#[from] BindError),
    /// The settings could not be saved.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Network {
    /// Opens the range that the settings name; ports that cannot be opened are tried again later.
    ///
    /// # Errors
    ///
    /// [`BindError`] if no port at all could be opened.
    pub async fn open(
        foundation: Foundation,
        settings: LiveSettings,
        ports: PassivePorts,
        name: PublicName,
    ) -> Result<Self, BindError> {
        let current = settings.current();
        for failure in ports.open(current.passive_ports).await? {
            tracing::warn!(error = %failure, "a passive port is not usable: {failure}");
        }
        name.follow(&current.public_address);
        let around = Surroundings::detect();
        let changing = Mutex::new(());
        Ok(Self(Arc::new(Parts {
            foundation,
            settings,
            ports,
            name,
            around,
            changing,
        })))
    }

    /// Opens the ports of the new range, then saves everything, then lets the old ports drain.
    /// Running transfers are not touched.
    ///
    /// # Errors
    ///
    /// [`NetworkError::Bind`] naming the port, [`NetworkError::Settings`]; nothing was changed.
    ///
    /// # Cancel safety
    ///
    /// If this future is dropped after the ports were opened, the saved range is put back in force
    /// by the next change or start.
    pub async fn change(&self, actor: &Actor, change: NetworkChange) -> Result<(), NetworkError> {
        if !actor.may(Right::ChangeSettings) {
            return Err(NetworkError::Forbidden(Right::ChangeSettings));
        }
        let _one_at_a_time = self.0.changing.lock().await;
        let before = self.0.settings.current();
        let rows = rows(&before, &change);
        self.0.settings.preview(&rows)?;
        self.0.ports.apply(change.passive_ports).await?;
        let now = self.0.foundation.now();
        if let Err(error) = self.0.settings.change(actor, &rows, now).await {
            // The ports in force are those of the settings in force.
            let saved = self.0.settings.current().passive_ports;
            self.0.ports.apply(saved).await?;
            return Err(error.into());
        }
        self.0.name.follow(&change.public_address);
        Ok(())
    }

    /// Puts settings in force that were changed elsewhere: by the command line or another node.
    pub async fn follow(&self, settings: &Settings) {
        let _one_at_a_time = self.0.changing.lock().await;
        self.0.name.follow(&settings.public_address);
        if let Err(error) = self.0.ports.apply(settings.passive_ports).await {
            tracing::error!(%error, "the passive range could not be changed: {error}");
        }
    }

    /// The passive ports and what each is doing.
    pub fn ports(&self) -> Vec<PortView> {
        self.0.ports.snapshot()
    }

    /// The address that a 227 names to `client`, which connected to `local`.
    pub fn advertised(&self, client: Ipv4Addr, local: Ipv4Addr) -> Ipv4Addr {
        let settings = self.0.settings.current();
        let policy = AddressPolicy {
            rules: &settings.address_rules,
            public: &settings.public_address,
            resolved: self.0.name.address(),
        };
        advertised(&policy, &self.0.around, client, local)
    }

    /// What is known of the public name; `None` if the public address is not a name.
    pub fn public_name(&self) -> Option<NameStatus> {
        self.0.name.status()
    }

    /// Where the server runs.
    pub fn surroundings(&self) -> &Surroundings {
        &self.0.around
    }

    /// Whether `address` is one that the internet can reach.
    pub fn is_public(address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [first, second, ..] = v4.octets();
                let is_shared = first == 100 && (64..128).contains(&second);
                !(v4.is_private()
                    || v4.is_loopback()
                    || v4.is_link_local()
                    || v4.is_unspecified()
                    || is_shared)
            }
            IpAddr::V6(v6) => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local())
            }
        }
    }
}

/// The change as rows of the settings table; the table prints its own values.
fn rows(before: &Settings, change: &NetworkChange) -> Vec<(String, String)> {
    let after = Settings {
        passive_ports: change.passive_ports,
        public_address: change.public_address.clone(),
        address_rules: change.address_rules.clone(),
        active_mode: change.active_mode,
        active_source_port_20: change.active_source_port_20,
        ..before.clone()
    };
    let keys = [
        "passive_ports",
        "public_address",
        "address_rules",
        "active_mode",
        "active_source_port_20",
    ];
    keys.iter()
        .filter_map(|key| SettingRow::find(key))
        .map(|row| (row.key.to_owned(), row.text(&after)))
        .collect()
}
