//! Turns news about accounts, customers, plans and settings into orders to exactly the sessions
//! they concern.
