"""From a source to its recording: the processes that only move bytes."""
