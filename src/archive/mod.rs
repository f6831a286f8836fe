//! Archives as bytes: written, read, verified, unpacked. An archive knows no sessions; its label is opaque here.
