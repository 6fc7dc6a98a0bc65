"""What to ask next: the question bank, the plan, difficulty and follow-ups. Pure."""
