// What axe would find first, for the page's own tests: texts that are hard to read, and what Tab does not reach.

// Texts whose contrast with what is behind them is below WCAG's 4.5 (3 for large ones), as "ratio text".
function hardToRead() {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    if (text === "" || !element.checkVisibility() || element.closest(".skip, title, desc, [disabled]")) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(channels(ink), backgroundOf(element));
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return found;
}

// Fields and buttons whose border cannot be told from what is around them: WCAG asks for 3.
function hardToFind() {
  const found = [];
  for (const element of document.querySelectorAll("textarea, input, button")) {
    if (!element.checkVisibility() || element.matches(".quiet, [type=checkbox], [type=hidden]")) continue;
    const style = getComputedStyle(element);
    const around = backgroundOf(element.parentElement);
    const best = Math.max(contrast(channels(style.borderTopColor), around), contrast(backgroundOf(element), around));
    if (best < 3) found.push(`${best.toFixed(2)} ${element.name || element.textContent}`);
  }
  return found;
}

// What a keyboard has to reach.
function reachable() {
  const controls = "a[href], button, input, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(controls)].filter((e) => e.checkVisibility() && !e.disabled && e.type !== "hidden");
}

function backgroundOf(element) {
  for (let one = element; one; one = one.parentElement) {
    const [red, green, blue, alpha = 1] = channels(getComputedStyle(one).backgroundColor);
    if (alpha === 1) return [red, green, blue];
  }
  return [255, 255, 255];
}

function channels(color) {
  return color.match(/[\d.]+/g).map(Number);
}

// WCAG 2.2, definitions of contrast ratio and of relative luminance.
function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
