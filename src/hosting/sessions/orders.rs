//! Orders on their way to a session.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::view::Order;

/// What a session is ordered and has not read yet. Most sessions are never ordered anything, and
/// there are many of them: an empty mailbox has no room for orders.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    orders: VecDeque<Order>,
    is_closed: bool,
}

/// What a registered session is ordered. Apart from the [`super::LiveSession`], so that it can be
/// waited for while a command uses that.
#[derive(Debug)]
pub struct Orders(Arc<Mailbox>);

impl Mailbox {
    /// Orders that may wait; a session that does not read them is stuck anyway.
    const MOST: usize = 16;

    /// Puts an order behind the others; `false` if the session is gone or no longer listens.
    pub(super) fn send(&self, order: Order) -> bool {
        let mut waiting = self.lock();
        if waiting.is_closed || waiting.orders.len() >= Self::MOST {
            return false;
        }
        waiting.orders.push_back(order);
        drop(waiting);
        self.came.notify_one();
        true
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Order> {
        let mut waiting = self.lock();
        let order = waiting.orders.pop_front();
        if waiting.orders.is_empty() {
            waiting.orders = VecDeque::new();
        }
        order
    }
}

impl Orders {
    pub(super) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self(mailbox)
    }

    /// Waits for the next order.
    ///
    /// # Cancel safety
    ///
    /// Dropping this future loses no order.
    pub async fn next(&mut self) -> Order {
        loop {
            if let Some(order) = self.0.take() {
                return order;
            }
            self.0.came.notified().await;
        }
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn orders_come_out_as_they_went_in() {
        let mailbox = Arc::new(Mailbox::default());
        let mut orders = Orders::new(Arc::clone(&mailbox));
        assert!(orders.next().now_or_never().is_none());

        assert!(mailbox.send(Order::Refresh));
        assert!(mailbox.send(Order::AbortTransfer));

        assert_eq!(orders.next().await, Order::Refresh);
        assert_eq!(orders.next().await, Order::AbortTransfer);
        assert!(orders.next().now_or_never().is_none());
    }

    #[test]
    fn whoever_does_not_read_is_ordered_no_more() {
        let mailbox = Arc::new(Mailbox::default());
        let orders = Orders::new(Arc::clone(&mailbox));
        let sent = (0..100).filter(|_| mailbox.send(Order::Refresh)).count();
        assert_eq!(sent, Mailbox::MOST);

        mailbox.lock().orders.clear();
        assert!(mailbox.send(Order::Refresh));

        drop(orders);

        assert!(!mailbox.send(Order::Refresh));
    }

    #[tokio::test]
    async fn a_waiting_session_is_woken() {
        let mailbox = Arc::new(Mailbox::default());
        let mut orders = Orders::new(Arc::clone(&mailbox));
        let waiting = tokio::spawn(async move { orders.next().await });
        tokio::task::yield_now().await;

        mailbox.send(Order::Refresh);

        assert_eq!(waiting.await.unwrap(), Order::Refresh);
    }
}
