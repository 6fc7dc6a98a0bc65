"""Whether a page can be used on a small screen, enlarged, and without a mouse: checked in a real browser.

Decides what counts as a fault (WCAG 2.1: 1.4.4, 1.4.10, 2.1.1, 2.4.7); never which pages are looked at.
"""

from typing import Any

from tests.journeys.browser import Person

SMALL = {"width": 320, "height": 640}
"""1280 pixels at 400 %, or a small telephone."""
ZOOMED = {"width": 640, "height": 430}
"""1280 x 860 at 200 %."""
MOST_STOPS = 150

# What a keyboard must reach. Of the radio buttons of a group, one is.
_WANTED = """() => {
    const kinds = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
    const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0;
    const groups = new Set();
    return [...document.querySelectorAll(kinds)].filter(shown).filter((one) => {
        if (one.type !== 'radio') return true;
        return !groups.has(one.name) && groups.add(one.name);
    }).length;
}"""

# Where the focus is, whether it was there before, and whether one can see that it is there; null: on nothing.
_STOP = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    window.__stops ??= [];
    const at = window.__stops.indexOf(one);
    if (at < 0) window.__stops.push(one);
    const { left, right, top, bottom, width } = one.getBoundingClientRect();
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
    const marked = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
    const inside = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && width > 0;
    return { at, seen: marked && inside, html: one.outerHTML.slice(0, 120) };
}"""

_TOO_WIDE = """() => {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const found = [...document.body.querySelectorAll('*')]
        .filter((one) => one.getBoundingClientRect().right > wide + 1 && !one.closest('.scroll, .ledger, .unseen'))
        .slice(-3)
        .map((one) => one.outerHTML.slice(0, 120));
    return found.length ? found : ['something that cannot be seen'];
}"""


async def strains(person: Person) -> list[str]:
    """What does not fit at 320 px, at 200 % zoom and with text twice as large, and what axe finds at 320 px."""
    page, wide = person.page, person.page.viewport_size or {"width": 1280, "height": 860}
    found: list[str] = []
    for label, size, text in (("320 px", SMALL, "100%"), ("zoom", ZOOMED, "100%"), ("large text", wide, "200%")):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        await page.evaluate("(size) => { document.documentElement.style.fontSize = size }", text)
        found += [f"{label} too wide: {html}" for html in await page.evaluate(_TOO_WIDE)]
        if size is SMALL:
            found += [f"{label} {fault}" for fault in await person.faults()]
    await page.evaluate("() => { document.documentElement.style.fontSize = '' }")
    await page.set_viewport_size({"width": wide["width"], "height": wide["height"]})
    return found


async def unreached(person: Person) -> list[str]:
    """What Tab does not reach on this page, and where one cannot see that it did."""
    page = person.page
    wanted: int = await page.evaluate(_WANTED)
    await page.evaluate("() => { document.activeElement?.blur(); window.__stops = []; scrollTo(0, 0) }")
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(_STOP)
        if stop is None or (stop["at"] > 0) or (stop["at"] == 0 and len(stops) == 1):
            continue  # around the end, or in the next part of a date
        if stop["at"] == 0:
            break
        stops.append(stop)
    found = [f"not seen to have the focus: {stop['html']}" for stop in stops if not stop["seen"]]
    return found + ([f"Tab reached {len(stops)} of {wanted}"] if len(stops) < wanted else [])
