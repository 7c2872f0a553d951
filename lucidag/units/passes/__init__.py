"""What units do on a probe set: activations, thresholds, and the pixels that they share with concepts."""
