//! Whether the service can serve customers.

use futures_util::future::join_all;

use crate::hosting::foundation::Foundation;
use crate::hosting::network::Network;
use crate::hosting::volumes::Volumes;
use crate::net::{CertificateStore, PortState};

/// What stands between the service and its customers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// One sentence for each thing that does.
    pub problems: Vec<String>,
    /// One sentence for each thing that keeps only some of them out.
    pub warnings: Vec<String>,
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
    /// Looks at the database, the volumes, the certificate and the passive ports.
    pub async fn of(patient: Patient<'_>) -> Self {
        let mut problems = Vec::new();
        if let Err(error) = patient.foundation.db.ping().await {
            problems.push(format!("The database does not answer: {error}."));
        }
        let ill = ill_volumes(patient.volumes).await;
        let all_are_ill = ill.len() == patient.volumes.reports().len();
        let (worse, warnings) = if all_are_ill {
            (ill, Vec::new())
        } else {
            (Vec::new(), ill)
        };
        problems.extend(worse);
        if patient.certificates.facts().not_after <= patient.foundation.clock.now() {
            problems.push("The TLS certificate has expired.".to_owned());
        }
        let ports = patient.network.ports();
        if !ports.iter().any(|port| is_usable(&port.state)) {
            problems.push("No passive port is open.".to_owned());
        }
        Self { problems, warnings }
    }

    /// Whether nothing does.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// A sentence for each volume that cannot be written to; all are asked at once.
async fn ill_volumes(volumes: &Volumes) -> Vec<String> {
    let probes = volumes.reports().into_iter().map(async |report| {
        let name = report.volume.name;
        let error = volumes.probe(report.volume.id).await.err()?;
        Some(format!("Volume {name} cannot be written: {error}."))
    });
    let ill = join_all(probes).await;
    ill.into_iter().flatten().collect()
}

fn is_usable(state: &PortState) -> bool {
    !matches!(state, PortState::Failing { .. } | PortState::Foreign)
}
