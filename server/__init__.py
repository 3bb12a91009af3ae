"""The front door: settings, command line, HTTP endpoint, start-up checks, embedded PostgreSQL."""
