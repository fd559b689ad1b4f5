//! The public DNS name, resolved in the background. The last good address is kept, and nobody ever
//! waits for DNS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::PublicAddress;

/// How long an answer is good.
const TTL: Duration = Duration::from_mins(1);
/// How long DNS may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A handle on the background resolver.
#[derive(Clone, Debug)]
pub struct PublicName(Arc<Known>);

/// What is known of the name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameStatus {
    /// The name.
    pub name: String,
    /// Its last good address.
    pub address: Option<Ipv4Addr>,
    /// Why the last attempt failed; `None`: it did not.
    pub failure: Option<String>,
}

#[derive(Debug, Default)]
struct Known {
    status: Mutex<Option<NameStatus>>,
    changed: Notify,
}

impl PublicName {
    /// Starts the resolver. It follows no name yet and ends with `stop`.
    pub fn start(tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let known = Arc::new(Known::default());
        let resolver = Arc::clone(&known);
        tasks.spawn(async move {
            stop.run_until_cancelled(resolver.keep_fresh()).await;
        });
        Self(known)
    }

    /// Follows `address` from now on if it is a name; forgets the earlier one.
    pub fn follow(&self, address: &PublicAddress) {
        self.0.follow(address);
    }

    /// The last good address of the name; `None` if there is no name or it never resolved.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.status().and_then(|status| status.address)
    }

    /// What is known of the name; `None` if none is followed.
    pub fn status(&self) -> Option<NameStatus> {
        self.0.with(|status| status.clone())
    }
}

impl Known {
    fn follow(&self, address: &PublicAddress) {
        let wanted = match address {
            PublicAddress::Name(name) => Some(name),
            PublicAddress::Automatic | PublicAddress::Fixed(_) => None,
        };
        let is_news = self.with(|status| {
            let is_news = status.as_ref().map(|known| &known.name) != wanted;
            if is_news {
                *status = wanted.map(|name| NameStatus {
                    name: name.clone(),
                    address: None,
                    failure: None,
                });
            }
            is_news
        });
        if is_news {
            self.changed.notify_one();
        }
    }

    async fn keep_fresh(&self) {
        loop {
            let name = self.with(|status| status.as_ref().map(|known| known.name.clone()));
            match name {
                Some(name) => {
                    let answer = timeout(PATIENCE, look_up(&name)).await;
                    self.note(&name, answer.unwrap_or_else(|late| Err(late.into())));
                    let _either = timeout(TTL, self.changed.notified()).await;
                }
                None => self.changed.notified().await,
            }
        }
    }

    /// Notes an answer for `name`, if that is still the name.
    fn note(&self, name: &str, answer: io::Result<Vec<Ipv4Addr>>) {
        self.with(|status| {
            let Some(status) = status.as_mut().filter(|status| status.name == name) else {
                return;
            };
            let before = status.clone();
            match answer {
                // A name with several addresses keeps the one it had, as long as it is among them.
                Ok(addresses) if status.address.is_some_and(|old| addresses.contains(&old)) => {
                    status.failure = None;
                }
                Ok(addresses) => match addresses.first() {
                    Some(first) => {
                        status.address = Some(*first);
                        status.failure = None;
                    }
                    None => status.failure = Some("it has no IPv4 address".to_owned()),
                },
                Err(error) => status.failure = Some(error.to_string()),
            }
            if *status != before {
                report(status);
            }
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Option<NameStatus>) -> T) -> T {
        look(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn report(status: &NameStatus) {
    let NameStatus {
        name,
        address,
        failure,
    } = status;
    match (failure, address) {
        (Some(failure), _) => tracing::warn!("public name “{name}” cannot be resolved: {failure}"),
        (None, Some(address)) => tracing::info!("public name “{name}” is {address}"),
        (None, None) => {}
    }
}

async fn look_up(name: &str) -> io::Result<Vec<Ipv4Addr>> {
    let addresses = lookup_host((name, 0)).await?;
    Ok(addresses
        .filter_map(|address| match address {
            SocketAddr::V4(v4) => Some(*v4.ip()),
            SocketAddr::V6(_) => None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
    const NEW: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);

    fn name(text: &str) -> PublicAddress {
        PublicAddress::Name(text.to_owned())
    }

    fn address(known: &Known) -> Option<Ipv4Addr> {
        known.with(|status| status.as_ref().and_then(|status| status.address))
    }

    /// DAT-31.
    #[test]
    fn the_last_good_address_is_kept_when_dns_fails() {
        let known = Known::default();
        known.follow(&name("ftp.example.net"));
        known.note("ftp.example.net", Ok(vec![OLD]));

        known.note("ftp.example.net", Err(io::Error::other("no answer")));

        assert_eq!(address(&known), Some(OLD));
        let failure = known.with(|status| status.as_ref().unwrap().failure.clone());
        assert_eq!(failure.as_deref(), Some("no answer"));
    }

    #[test]
    fn an_address_changes_only_when_the_old_one_is_gone() {
        let known = Known::default();
        known.follow(&name("ftp.example.net"));
        known.note("ftp.example.net", Ok(vec![OLD]));

        known.note("ftp.example.net", Ok(vec![NEW, OLD]));
        assert_eq!(address(&known), Some(OLD));

        known.note("ftp.example.net", Ok(vec![NEW]));
        assert_eq!(address(&known), Some(NEW));
    }

    #[test]
    fn an_answer_for_another_name_is_too_late() {
        let known = Known::default();
        known.follow(&name("old.example.net"));
        known.follow(&name("new.example.net"));

        known.note("old.example.net", Ok(vec![OLD]));

        assert_eq!(address(&known), None);
        known.follow(&PublicAddress::Automatic);
        assert!(known.with(|status| status.is_none()));
    }

    #[tokio::test]
    async fn a_name_is_resolved_in_the_background() {
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let resolver = PublicName::start(&tasks, stop.clone());

        resolver.follow(&name("localhost"));
        let answer = async {
            while resolver.address().is_none() {
                tokio::task::yield_now().await;
            }
        };

        timeout(PATIENCE, answer).await.unwrap();
        assert!(resolver.address().unwrap().is_loopback());
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    }
}
