"""Many drafts at once: lines of a file, and what each comes to."""
