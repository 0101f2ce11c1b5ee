// Small helpers: elements with text (never with markup), and numbers as words.

/** An element with attributes and children; texts stay texts, whatever they hold. */
function element(name, attributes = {}, ...children) {
    return fill(document.createElement(name), attributes, children);
}

/** The same for drawings. */
function drawn(name, attributes = {}, ...children) {
    return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(made, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) {
        if (value !== undefined && value !== null)
            made.setAttribute(key, value);
    }
    made.append(...children.filter(c => c !== undefined && c !== null));
    return made;
}

/** A share as per cent, another number with three digits. */
function show(number, isShare) {
    if (isShare)
        return `${(100 * number).toFixed(1)} %`;
    return Number.isInteger(number) ? number.toLocaleString("en") : Number(number.toPrecision(4)).toString();
}

/** The ends of an interval, the unit once: 64.3–72.3 %. */
function interval(number, isShare) {
    return `${show(number.low, isShare).replace(" %", "")}–${show(number.high, isShare)}`;
}

function byId(id) {
    return document.getElementById(id);
}
