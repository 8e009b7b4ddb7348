"""`make demo-ari`: the bundled call on a stand-in for Asterisk, listed and tapped over ARI."""
