//! What the tests of the record pages share: a customer, and a form as a browser would send it.

use quaymaster::hosting::customers::CustomerSettings;
use quaymaster::model::{Actor, Customer, Override};

use crate::support::browser::{House, between};

/// The customer `name` on the first plan, made if it is not there.
pub(super) async fn customer(house: &House, name: &str) -> Customer {
    if let Some(found) = house.app.customers.by_name(name).await.unwrap() {
        return found;
    }
    let plan = house.app.plans.all().await.unwrap().remove(0).plan;
    let settings = CustomerSettings {
        name: name.to_owned(),
        contact_email: String::new(),
        plan_id: plan.id,
        pool_bytes: Override::Inherit,
        pool_files: Override::Inherit,
        max_accounts: Override::Inherit,
        notes: String::new(),
    };
    house
        .app
        .customers
        .create(&Actor::system(), settings)
        .await
        .unwrap()
}

/// The fields of a form with what stands in them.
#[derive(Debug)]
pub(super) struct Sent(Vec<(String, String)>);

/// The form that is sent to `action`, as a browser would send it without anybody touching it.
pub(super) fn form_of(page: &str, action: &str) -> Sent {
    let mark = format!("action=\"{action}\"");
    let Some((_, rest)) = page.split_once(&mark) else {
        panic!("no form for {action}: {page}");
    };
    let html = rest.split("</form>").next().unwrap();
    let mut fields = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, rest) = tag.split_once('>').unwrap_or((tag, ""));
        let name = between(tag, "name=\"", "\"").unwrap_or_default().to_owned();
        if tag.starts_with("input") && !name.is_empty() && name != "csrf" {
            let kind = between(tag, "type=\"", "\"").unwrap_or("text");
            let picks = matches!(kind, "radio" | "checkbox");
            if !picks || tag.ends_with(" checked") || tag.contains(" checked") {
                let value = between(tag, "value=\"", "\"").unwrap_or_default();
                fields.push((name, plain(value)));
            }
        } else if tag.starts_with("textarea") {
            fields.push((name, plain(rest.trim_start_matches('\n'))));
        } else if tag.starts_with("select") {
            fields.push((name, String::new()));
        } else if tag.starts_with("option") && tag.contains(" selected") {
            let value = between(tag, "value=\"", "\"").unwrap_or(rest);
            if let Some(last) = fields.last_mut() {
                last.1 = plain(value);
            }
        }
    }
    Sent(fields)
}

impl Sent {
    /// Types into a field.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(field, _)| field != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// What is sent.
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

fn plain(html: &str) -> String {
    html.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}
