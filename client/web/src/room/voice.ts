/**
 * Reads questions aloud with the browser's own voices.
 *
 * Decides when a reading is over: read out, cut short by the candidate, or not possible here. A machine without
 * voices, or one that never starts to speak, costs a second and no more.
 */
export type Reading = "read" | "cut" | "silent";

interface Current {
  cut: () => void;
  pause: () => void;
  resume: () => void;
}

const nothing = () => undefined;

const VOICES_DEADLINE_MS = 1_000;
const START_DEADLINE_MS = 2_500;
const MS_PER_CHARACTER = 140;

export class Reader {
  private current: Current | null = null;

  /** Resolves when the text was read, was cut short, or cannot be read. */
  async read(text: string): Promise<Reading> {
    this.cut();
    const mine: Current = { cut: nothing, pause: nothing, resume: nothing };
    this.current = mine;
    const voice = await englishVoice();
    if (this.current !== mine) return "cut";
    if (!voice) return "silent";
    return new Promise((resolve) => this.speak(text, voice, mine, resolve));
  }

  /** Stops reading. */
  cut(): void {
    this.current?.cut();
    this.current = null;
  }

  /** Falls silent in the middle of the text; `resume` goes on there. */
  pause(): void {
    this.current?.pause();
  }

  resume(): void {
    this.current?.resume();
  }

  private speak(text: string, voice: SpeechSynthesisVoice, mine: Current, done: (how: Reading) => void): void {
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.voice = voice;
    utterance.lang = voice.lang;
    const end = (how: Reading) => {
      clearTimeout(deadline);
      utterance.onstart = utterance.onend = utterance.onerror = null;
      mine.cut = mine.pause = mine.resume = nothing;
      if (how !== "read") {
        speechSynthesis.cancel();
        speechSynthesis.resume(); // one that was cut while it paused would keep the next one silent
      }
      done(how);
    };
    let deadline = setTimeout(() => end("silent"), START_DEADLINE_MS);
    const speaks = () => {
      clearTimeout(deadline);
      deadline = setTimeout(() => end("read"), 5_000 + text.length * MS_PER_CHARACTER);
    };
    mine.cut = () => end("cut");
    mine.pause = () => {
      clearTimeout(deadline); // a pause lasts as long as somebody makes a sound
      speechSynthesis.pause();
    };
    mine.resume = () => {
      speaks();
      speechSynthesis.resume();
    };
    utterance.onstart = speaks;
    utterance.onend = () => end("read");
    utterance.onerror = () => end("silent");
    speechSynthesis.speak(utterance);
  }
}

/** A voice for English: the machine's own before one over the network, the default before others. */
async function englishVoice(): Promise<SpeechSynthesisVoice | null> {
  if (!("speechSynthesis" in window)) return null;
  const voices = await voicesSoon();
  const rank = (voice: SpeechSynthesisVoice) =>
    (voice.lang.startsWith("en") ? 4 : 0) + (voice.localService ? 2 : 0) + (voice.default ? 1 : 0);
  return voices.toSorted((a, b) => rank(b) - rank(a))[0] ?? null;
}

/** Browsers load their voices in the background: wait a little for the first. */
function voicesSoon(): Promise<SpeechSynthesisVoice[]> {
  const there = speechSynthesis.getVoices();
  if (there.length) return Promise.resolve(there);
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(deadline);
      speechSynthesis.removeEventListener("voiceschanged", done);
      resolve(speechSynthesis.getVoices());
    };
    const deadline = setTimeout(done, VOICES_DEADLINE_MS);
    speechSynthesis.addEventListener("voiceschanged", done);
  });
}
