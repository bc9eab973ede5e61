"""Training and predicting nets."""
