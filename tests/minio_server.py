"""A real MinIO server for tests."""
