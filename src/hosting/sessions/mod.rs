//! Who is connected now. A session registers itself and holds a [`LiveSession`]; everybody else
//! reads snapshots and sends orders. Counters are atomics that pages sample; nothing here is in the
//! way of a byte.

mod entry;
mod list;
mod live;
mod orders;
mod view;

pub use list::Sessions;
pub use live::{LiveSession, LiveTransfer};
pub use orders::Orders;
pub use view::{
    Admission, Guest, Order, Places, Refused, SessionAccount, SessionView, TransferView,
};
