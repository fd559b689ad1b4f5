//! The part of a volume that forms edit, shared by the pages for a new and a known one.

use super::error::PageError;
use super::form::Form;
use super::limit_field::{LimitField, Measure};
use crate::hosting::volumes::VolumeError;
use crate::model::{Limit, StorageVolume, VolumeId};

/// What uploads leave free on the disk.
pub(crate) const RESERVE: LimitField = LimitField {
    name: "reserve",
    label: "Leave free",
    measure: Measure::Bytes,
};

/// What was typed about a volume.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Typed {
    pub(crate) name: String,
    pub(crate) root: String,
    pub(crate) reserve: Limit,
}

/// Reads name, folder and reserve; what is wrong stands in the form afterwards. The folder of the first
/// volume is not typed.
pub(crate) fn read(form: &mut Form, has_root: bool) -> Option<Typed> {
    let name = form.text("name", "Enter a name");
    let root = if has_root {
        form.text("root", "Enter the path of a folder")
    } else {
        Some(String::new())
    };
    let reserve = RESERVE.read_limit(form);
    Some(Typed {
        name: name?,
        root: root?,
        reserve: reserve?,
    })
}

/// Writes a stored volume into the form.
pub(crate) fn fill(form: &mut Form, volume: &StorageVolume) {
    form.set("name", &volume.name);
    form.set("root", &volume.root);
    RESERVE.fill_limit(form, volume.reserve);
    if !volume.is_closed {
        form.set("takes", "yes");
    }
    if volume.is_default {
        form.set("is_default", "yes");
    }
}

/// Whether the folder of a volume can be typed: that of the first one is the data directory's.
pub(crate) fn has_root(id: VolumeId) -> bool {
    id != VolumeId::FIRST
}

/// Puts what the service refused beside its field; what has no field becomes a page.
pub(crate) fn refuse(form: &mut Form, error: VolumeError) -> Result<(), PageError> {
    match error {
        VolumeError::BadName => form.refuse("name", error),
        VolumeError::Taken(name) => form.refuse("name", format!("{name} is taken")),
        VolumeError::Root(error) => form.refuse("root", error),
        VolumeError::IsFirst => form.refuse("root", "This folder belongs to the data directory"),
        VolumeError::IsDefault => form.refuse(
            "takes",
            "New accounts go here. Make another volume the default first",
        ),
        error => return Err(error.into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosting::volumes::RootError;

    #[test]
    fn an_empty_reserve_follows_the_settings_and_zero_is_none() {
        for (typed, reserve) in [("", None), ("0", Some(0)), ("20", Some(20 << 30))] {
            let mut form = Form::new()
                .with("name", " Second ")
                .with("root", "/disks/two")
                .with("reserve", typed)
                .with("reserve_unit", "GiB");

            let read = read(&mut form, true).unwrap();

            assert_eq!((read.name.as_str(), read.reserve), ("Second", reserve));
        }
    }

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let mut form = Form::new().with("reserve", "much");

        assert_eq!(read(&mut form, true), None);
        assert_eq!(form.errors().len(), 3);
    }

    #[test]
    fn a_refusal_stands_at_its_field() {
        for (error, field) in [
            (VolumeError::BadName, "name"),
            (VolumeError::Taken("Second".to_owned()), "name"),
            (VolumeError::Root(RootError::Relative), "root"),
            (VolumeError::IsDefault, "takes"),
        ] {
            let mut form = Form::new();
            refuse(&mut form, error).unwrap();
            assert!(form.is_wrong(field), "{field}");
        }
        assert!(refuse(&mut Form::new(), VolumeError::Stale).is_err());
    }
}
