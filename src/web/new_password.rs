//! A password for somebody else: generated, or typed by an administrator.

use crate::hosting::passwords::Passwords;
use crate::model::Secret;
use crate::web::form::Form;

/// Reads what was chosen. The rules for a typed password are the service's; only an empty one is
/// refused here.
pub(crate) fn read(form: &mut Form) -> Option<Secret> {
    if !form.is("pw", "own") {
        return Some(Passwords::generate());
    }
    let typed = form.value("password").to_owned();
    if typed.is_empty() {
        form.refuse("password", "Enter a password");
        return None;
    }
    Some(Secret::new(typed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_ignores_the_field() {
        let mut form = Form::new().with("pw", "gen").with("password", "left over");

        let password = read(&mut form).unwrap();

        assert!(password.expose().len() >= Passwords::SHORTEST);
        assert_ne!(password.expose(), "left over");
    }

    #[test]
    fn a_typed_password_must_be_typed() {
        let mut form = Form::new().with("pw", "own");

        assert!(read(&mut form).is_none());
        assert_eq!(form.error_text("password"), "Enter a password");
    }
}
