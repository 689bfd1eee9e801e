//! What the whole-ceremony tests share.
