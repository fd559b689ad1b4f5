//! The rules of the service; knows neither sockets nor HTML.
