"""Ion channels as equations: what every mechanism of the database does at a voltage."""
