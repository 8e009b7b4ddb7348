"""Make the bundled demo model and the demo call from nothing: texts, speech, training, export, figures."""
