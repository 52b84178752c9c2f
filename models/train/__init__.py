"""Training: recurrent, by truncated back-propagation over clips, resumable to the bit on one machine."""
