"""Measures hearing: from a candidate's microphone to words, turns and tellings. `scripts/bench_hearing`.

Each section is a module with one function that takes what is given (`rows.Given`) and yields rows of one table
(`rows.Row`); `sections` lists them. A section whose input is missing raises `rows.InputMissingError`: the table says
so, and nothing of it counts as met.

Every latency belongs to one of three modes, and its row names which:

- **as the clock runs**: real processes, and audio that comes as fast as it is spoken. What a person sees, the
  machine's own slowness and waiting in queues included. It differs from machine to machine.
- **as if computing were free**: only the audio's own time counts; every window is judged and every passage decoded
  the moment its last sample is there. What the rules alone cost (how long a silence must be, how many guesses must
  agree): the same on every machine, and no faster one goes below it.
- **offline**: the whole recording at once, no hurry. The bound on accuracy, and how long it takes per second of audio;
  there is no latency in it.

Streaming that is as accurate as offline loses nothing by being live; as the clock runs less as if computing were free
is what a faster machine could still save.
"""
