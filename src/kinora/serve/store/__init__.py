"""The SQL store: the only truth between the server and its workers."""
