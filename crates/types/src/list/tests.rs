//! Property tests against a simple model.
