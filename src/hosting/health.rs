//! Whether the service can serve customers.

use crate::hosting::foundation::Foundation;
use crate::hosting::network::Network;
use crate::hosting::volumes::Volumes;
use crate::net::{CertificateStore, PortState};

/// What stands between the service and its customers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// One sentence for each thing that does.
    pub problems: Vec<String>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Patient<'a> {
    /// Database and time.
    pub foundation: &'a Foundation,
    /// The homes.
    pub volumes: &'a Volumes,
    /// The certificate.
    pub certificates: &'a CertificateStore,
    /// The passive ports.
    pub network: &'a Network,
}

impl Health {
    /// Looks at the database, the data folder, the certificate and the passive ports.
    pub async fn of(patient: Patient<'_>) -> Self {
        let mut problems = Vec::new();
        if let Err(error) = patient.foundation.db.ping().await {
            problems.push(format!("The database does not answer: {error}."));
        }
        if let Err(error) = patient.volumes.probe().await {
            problems.push(format!("The data folder cannot be written: {error}."));
        }
        if patient.certificates.facts().not_after <= patient.foundation.clock.now() {
            problems.push("The TLS certificate has expired.".to_owned());
        }
        let ports = patient.network.ports();
        if !ports.iter().any(|port| is_usable(&port.state)) {
            problems.push("No passive port is open.".to_owned());
        }
        Self { problems }
    }

    /// Whether nothing does.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

fn is_usable(state: &PortState) -> bool {
    !matches!(state, PortState::Failing { .. } | PortState::Foreign)
}
