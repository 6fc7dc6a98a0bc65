"""What an answer is worth, and on which words that rests. Pure: text in, numbers with evidence out."""
