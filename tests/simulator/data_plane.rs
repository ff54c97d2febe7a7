//! data_plane
