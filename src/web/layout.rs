//! The frame around a page: title, navigation, who is signed in, what the last page left to say.

use super::assets::{AssetUrls, URLS};
use super::format::{Count, When, initials};
use super::visitor::Visitor;
use crate::clock::Timestamp;
use crate::model::SignedIn;

/// The product.
pub(crate) const BRAND: &str = "Quaymaster";

/// Counters that the navigation shows; they never cost a query.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    /// Live sessions.
    pub(crate) sessions: u64,
    /// Accounts.
    pub(crate) accounts: u64,
}

/// Everything that `base.html` prints around a page of somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The page's title.
    pub(crate) title: String,
    /// Whether the page shows a form with errors.
    pub(crate) has_errors: bool,
    /// The product.
    pub(crate) brand: &'static str,
    /// The host name that FTP clients are given.
    pub(crate) host: String,
    /// Full name of whoever is signed in.
    pub(crate) name: String,
    /// Two letters for the picture.
    pub(crate) initials: String,
    /// E-mail address.
    pub(crate) email: String,
    /// The role's name.
    pub(crate) role: &'static str,
    /// `auto`, `light` or `dark`.
    pub(crate) theme: String,
    /// The token that every form sends back.
    pub(crate) csrf: String,
    /// Path and query of this page.
    pub(crate) here: String,
    /// When the page was made.
    pub(crate) now: When,
    /// Sentences for toasts.
    pub(crate) toasts: Vec<String>,
    /// Whether the page came unencrypted from another machine.
    pub(crate) is_plain: bool,
    /// The addresses of style, script and icon.
    pub(crate) assets: &'static AssetUrls,
    counts: Counts,
}

/// What a layout is made of besides the visitor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    /// The host name that FTP clients are given.
    pub(crate) host: String,
    /// The counters of the navigation.
    pub(crate) counts: Counts,
    /// The present moment.
    pub(crate) now: Timestamp,
}

impl Layout {
    /// The frame of a page for whoever holds `session`.
    pub(crate) fn new(visitor: &Visitor, session: &SignedIn, around: Surroundings) -> Self {
        let admin = &session.admin;
        let ip = visitor.browser().ip;
        Self {
            title: String::new(),
            has_errors: false,
            brand: BRAND,
            host: around.host,
            name: admin.name.clone(),
            initials: initials(&admin.name),
            email: admin.email.clone(),
            role: admin.role.label(),
            theme: admin.theme.clone(),
            csrf: visitor.form_token(),
            here: visitor.here().to_owned(),
            now: When::new(around.now, around.now),
            toasts: visitor
                .flash()
                .map(super::flash::Flash::text)
                .into_iter()
                .collect(),
            is_plain: !visitor.is_secure() && !ip.is_loopback() && !ip.is_unspecified(),
            assets: &URLS,
            counts: around.counts,
        }
    }

    /// Names the page.
    #[must_use]
    pub(crate) fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Says in the title that a form has errors, where it has.
    #[must_use]
    pub(crate) fn with_errors(mut self, has_errors: bool) -> Self {
        self.has_errors = has_errors;
        self
    }

    /// A layout for the samples of pages, as an owner sees it.
    #[cfg(test)]
    pub(crate) fn sample(title: &str, here: &str) -> Self {
        let now = Timestamp::from_seconds(1_773_322_328);
        Self {
            title: title.to_owned(),
            has_errors: false,
            brand: BRAND,
            host: "ftp.northlight.example".to_owned(),
            name: "Mara Lindqvist".to_owned(),
            initials: "ML".to_owned(),
            email: "mara@northlight.example".to_owned(),
            role: "Owner",
            theme: "auto".to_owned(),
            csrf: "token-of-the-session".to_owned(),
            here: here.to_owned(),
            now: When::new(now, now),
            toasts: Vec::new(),
            is_plain: false,
            assets: &URLS,
            counts: Counts {
                sessions: 9,
                accounts: 248,
            },
        }
    }

    /// `Error: New account · Quaymaster`.
    pub(crate) fn head_title(&self) -> String {
        head_title(&self.title, self.has_errors)
    }

    /// The moment `at`, as seen from this page.
    pub(crate) fn when(&self, at: Timestamp) -> When {
        self.now.of(at)
    }

    /// The navigation, with the link to this page marked.
    pub(crate) fn nav(&self) -> Vec<NavGroup> {
        let path = self.here.split('?').next().unwrap_or_default();
        let mut groups: Vec<NavGroup> = Vec::new();
        for entry in NAV {
            if groups.last().is_none_or(|group| group.title != entry.group) {
                groups.push(NavGroup {
                    title: entry.group,
                    links: Vec::new(),
                });
            }
            let link = NavLink {
                url: entry.url,
                label: entry.label,
                icon: entry.icon,
                key: entry.key,
                count: self.count_of(entry.url),
                current: is_current(entry.url, path),
            };
            if let Some(group) = groups.last_mut() {
                group.links.push(link);
            }
        }
        groups
    }

    fn count_of(&self, url: &str) -> String {
        let count = match url {
            "/admin/live" => self.counts.sessions,
            "/admin/accounts" => self.counts.accounts,
            _ => 0,
        };
        match count {
            0 => String::new(),
            10_000.. => "9,999+".to_owned(),
            _ => Count(count).to_string(),
        }
    }
}

/// The frame of a page for somebody who is not signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedOutLayout {
    /// The page's title.
    pub(crate) title: String,
    /// Whether the page shows a form with errors.
    pub(crate) has_errors: bool,
    /// The product.
    pub(crate) brand: &'static str,
    /// The host name that FTP clients are given.
    pub(crate) host: String,
    /// The token that every form sends back.
    pub(crate) csrf: String,
    /// Sentences for toasts.
    pub(crate) toasts: Vec<String>,
    /// The addresses of style, script and icon.
    pub(crate) assets: &'static AssetUrls,
}

impl SignedOutLayout {
    /// The frame of the page `title`.
    pub(crate) fn new(visitor: &Visitor, title: &str, host: String) -> Self {
        Self {
            title: title.to_owned(),
            has_errors: false,
            brand: BRAND,
            host,
            csrf: visitor.form_token(),
            toasts: visitor
                .flash()
                .map(super::flash::Flash::text)
                .into_iter()
                .collect(),
            assets: &URLS,
        }
    }

    /// Says in the title that a form has errors, where it has.
    #[must_use]
    pub(crate) fn with_errors(mut self, has_errors: bool) -> Self {
        self.has_errors = has_errors;
        self
    }

    /// A layout for the samples of pages.
    #[cfg(test)]
    pub(crate) fn sample(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            has_errors: false,
            brand: BRAND,
            host: "ftp.northlight.example".to_owned(),
            csrf: "token-of-the-visit".to_owned(),
            toasts: Vec::new(),
            assets: &URLS,
        }
    }

    /// `Error: Sign in · Quaymaster`.
    pub(crate) fn head_title(&self) -> String {
        head_title(&self.title, self.has_errors)
    }
}

/// Links under one heading.
#[derive(Clone, Debug)]
pub(crate) struct NavGroup {
    /// The heading; empty for the first group.
    pub(crate) title: &'static str,
    /// The links.
    pub(crate) links: Vec<NavLink>,
}

/// A link of the navigation.
#[derive(Clone, Debug)]
pub(crate) struct NavLink {
    /// Where it leads.
    pub(crate) url: &'static str,
    /// Its words.
    pub(crate) label: &'static str,
    /// Its icon.
    pub(crate) icon: &'static str,
    /// The key after `g`; empty for none.
    pub(crate) key: &'static str,
    /// The counter beside it; empty for none.
    pub(crate) count: String,
    /// Whether this page is there.
    pub(crate) current: bool,
}

struct NavEntry {
    group: &'static str,
    url: &'static str,
    label: &'static str,
    icon: &'static str,
    key: &'static str,
}

const fn entry(
    group: &'static str,
    url: &'static str,
    label: &'static str,
    icon: &'static str,
    key: &'static str,
) -> NavEntry {
    NavEntry {
        group,
        url,
        label,
        icon,
        key,
    }
}

/// Every page that has a link of its own, by group. A page is added here when it exists.
const NAV: &[NavEntry] = &[
    entry("", "/admin", "Dashboard", "dashboard", "d"),
    entry("", "/admin/live", "Live", "live", "l"),
    entry("Customers", "/admin/customers", "Customers", "archive", "c"),
    entry("Customers", "/admin/accounts", "Accounts", "users", "a"),
    entry("Customers", "/admin/plans", "Plans", "plans", "p"),
    entry("Customers", "/admin/trash", "Trash", "trash", ""),
    entry("Activity", "/admin/transfers", "Transfers", "transfer", "t"),
    entry("Activity", "/admin/audit", "Audit log", "audit", ""),
    entry("Activity", "/admin/jobs", "Jobs", "refresh", "j"),
    entry(
        "Server",
        "/admin/network",
        "Network and ports",
        "network",
        "n",
    ),
    entry("Server", "/admin/storage", "Storage", "folder", ""),
    entry(
        "Administration",
        "/admin/settings",
        "Settings",
        "settings",
        "s",
    ),
];

fn is_current(url: &str, path: &str) -> bool {
    if url == "/admin" {
        return path == url;
    }
    path.strip_prefix(url)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn head_title(title: &str, has_errors: bool) -> String {
    let prefix = if has_errors { "Error: " } else { "" };
    format!("{prefix}{title} · {BRAND}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_below_an_entry_marks_the_entry() {
        assert!(is_current("/admin/accounts", "/admin/accounts/new"));
        assert!(!is_current("/admin/accounts", "/admin/accounts-old"));
        assert!(!is_current("/admin", "/admin/live"));
        assert!(is_current("/admin", "/admin"));
    }

    #[test]
    fn the_title_says_when_something_is_wrong() {
        assert_eq!(head_title("Sign in", true), "Error: Sign in · Quaymaster");
    }
}
