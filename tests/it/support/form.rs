//! A form as a browser would send it.

use super::browser::between;

/// The fields of a form with what stands in them.
#[derive(Debug)]
pub(crate) struct Sent(Vec<(String, String)>);

/// The form that is sent to `action`, as a browser would send it without anybody touching it.
pub(crate) fn form_of(page: &str, action: &str) -> Sent {
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
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(field, _)| field != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// What is sent.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
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
