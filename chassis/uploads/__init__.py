"""Files that people upload: looked at as they come, kept once for each content, removed when nothing has them any more."""
