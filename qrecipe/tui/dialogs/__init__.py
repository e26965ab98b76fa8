"""Questions that the application asks, one file each."""
