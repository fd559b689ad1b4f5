//! Numbers in the columns of a listing. A directory may have a million entries with a handful of
//! numbers each, and the formatting of the standard library costs ten times as much.

/// How a number is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    base: u64,
    /// Fewest places; what is free is filled up.
    width: usize,
    fill: u8,
}

impl Column {
    /// Decimal, without anything in front.
    pub(super) const DECIMAL: Self = Self::of(10, 1, b'0');
    /// Two decimal places with zeros, as in a time of day.
    pub(super) const TWO: Self = Self::of(10, 2, b'0');
    /// Four decimal places with zeros, as in a year.
    pub(super) const FOUR: Self = Self::of(10, 4, b'0');
    /// Four octal places with zeros, as in a mode.
    pub(super) const OCTAL: Self = Self::of(8, 4, b'0');
    /// Sixteen hexadecimal places with zeros.
    pub(super) const HEX: Self = Self::of(16, 16, b'0');

    /// Decimal, to the right of a column of `width` places.
    pub(super) const fn right(width: usize) -> Self {
        Self::of(10, width, b' ')
    }

    const fn of(base: u64, width: usize, fill: u8) -> Self {
        Self { base, width, fill }
    }

    /// Appends `number`.
    pub(super) fn push(self, mut number: u64, out: &mut String) {
        let mut places = [self.fill; PLACES];
        let mut from = PLACES;
        for place in places.iter_mut().rev() {
            let digit = u8::try_from(number % self.base).unwrap_or(0);
            *place = if digit < 10 {
                b'0' + digit
            } else {
                b'a' + digit - 10
            };
            from -= 1;
            number /= self.base;
            if number == 0 {
                break;
            }
        }
        let from = from.min(PLACES.saturating_sub(self.width));
        let places = places.get(from..).unwrap_or_default();
        out.push_str(std::str::from_utf8(places).unwrap_or_default());
    }

    /// Appends a number that is never negative.
    pub(super) fn push_signed(self, number: i64, out: &mut String) {
        self.push(u64::try_from(number).unwrap_or(0), out);
    }
}

/// The octal places of the largest number.
const PLACES: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(column: Column, number: u64) -> String {
        let mut out = String::new();
        column.push(number, &mut out);
        out
    }

    proptest! {
        #[test]
        fn numbers_look_as_the_standard_library_writes_them(number: u64) {
            prop_assert_eq!(text(Column::DECIMAL, number), format!("{number}"));
            prop_assert_eq!(text(Column::TWO, number % 100), format!("{:02}", number % 100));
            prop_assert_eq!(text(Column::FOUR, number % 100_000), format!("{:04}", number % 100_000));
            prop_assert_eq!(text(Column::OCTAL, number), format!("{number:04o}"));
            prop_assert_eq!(text(Column::HEX, number), format!("{number:016x}"));
            prop_assert_eq!(text(Column::right(13), number), format!("{number:>13}"));
        }
    }

    #[test]
    fn the_smallest_and_the_largest_number_are_written() {
        assert_eq!(text(Column::DECIMAL, 0), "0");
        assert_eq!(text(Column::right(3), 0), "  0");
        assert_eq!(text(Column::OCTAL, u64::MAX), format!("{:o}", u64::MAX));
    }
}
