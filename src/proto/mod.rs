//! FTP without I/O: lines, commands, replies and the rules of a session.
