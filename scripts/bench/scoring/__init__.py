"""How well and how fast it is scored, beside what is known from elsewhere: always on questions, topics and speakers
that nothing was learnt from. The bars are those that the project set itself: a floor to reach (`target`) and a goal.
"""
