"""The lab: renders training data, trains, scores and exports the networks. Needs the `lab` extra."""
