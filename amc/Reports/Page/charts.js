// Curves by step, as drawings in the page.

const chart = { width: 640, height: 280, left: 58, right: 12, top: 12, bottom: 40 };
const dashes = ["", "7 3", "2 3", "9 3 2 3"];

function showCharts(page) {
    byId("charts").hidden = page.charts.length === 0;
    // As wide as the space, so that letters keep their size on a phone.
    chart.width = Math.min(640, Math.max(300, byId("charts").clientWidth));
    byId("charts").lastElementChild.append(...page.charts.map(drawChart));
}

/** Round steps of an axis: 1, 2 or 5 times a power of ten. */
function ticks(low, high) {
    const rough = (high - low) / 5, power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= rough);
    const first = Math.ceil(low / step - 1e-9);
    return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) =>
        Number(((first + i) * step).toPrecision(12)));
}

function bounds(numbers) {
    let low = Infinity, high = -Infinity;
    for (const number of numbers) {
        low = Math.min(low, number);
        high = Math.max(high, number);
    }
    return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

function drawChart(data) {
    const [x0, x1] = bounds(data.lines.flatMap(line => line.x));
    const heights = data.lines.flatMap(line => [line.y, line.low ?? [], line.high ?? []].flat());
    const [y0, y1] = data.share ? [0, 1] : bounds(heights);
    const x = value => chart.left + (value - x0) / (x1 - x0) * (chart.width - chart.left - chart.right);
    const bottom = chart.height - chart.bottom;
    const y = value => bottom - (value - y0) / (y1 - y0) * (bottom - chart.top);
    const ends = data.lines.map(line => `${line.name} ends at ${show(line.y.at(-1), data.share)}`).join(", ");
    const picture = drawn("svg", { viewBox: `0 0 ${chart.width} ${chart.height}`, role: "img",
        "aria-label": `${data.title}: ${ends}` });
    drawAxes(picture, data, x, y, [x0, x1], [y0, y1]);
    if (data.level)
        picture.append(drawn("line", { class: "level", x1: chart.left, x2: chart.width - chart.right,
            y1: y(data.level.value), y2: y(data.level.value) }));
    data.lines.forEach((line, i) => drawLine(picture, line, i, x, y));
    const readout = element("p", { class: "readout" });
    follow(picture, readout, data, x, [x0, x1]);
    return element("div", { class: "chart" }, element("h3", {}, data.title), picture, legend(data), readout);
}

function drawAxes(picture, data, x, y, across, up) {
    const bottom = chart.height - chart.bottom, right = chart.width - chart.right;
    picture.append(drawn("path", { class: "axis", d: `M${chart.left} ${chart.top}V${bottom}H${right}` }));
    for (const value of ticks(...up)) {
        picture.append(
            drawn("path", { class: "axis", d: `M${chart.left - 5} ${y(value)}H${chart.left}` }),
            drawn("text", { x: chart.left - 8, y: y(value) + 4, "text-anchor": "end" },
                data.share ? `${Math.round(100 * value)} %` : String(value)));
    }
    for (const value of ticks(...across)) {
        picture.append(
            drawn("path", { class: "axis", d: `M${x(value)} ${bottom}v5` }),
            drawn("text", { x: x(value), y: bottom + 19, "text-anchor": "middle" }, value.toLocaleString("en")));
    }
    const middle = (chart.left + chart.width) / 2;
    picture.append(drawn("text", { x: middle, y: chart.height - 4, "text-anchor": "middle" }, data.x));
}

function drawLine(picture, line, i, x, y) {
    const points = values => values.map((value, k) => `${x(line.x[k]).toFixed(1)} ${y(value).toFixed(1)}`);
    const paint = `var(--c${i % 8})`;
    if (line.low) {
        const around = [...points(line.low), ...points(line.high).reverse()];
        const band = drawn("path", { class: "band", d: `M${around.join("L")}Z` });
        band.style.fill = paint;
        picture.append(band);
    }
    const path = drawn("path", { class: "line", d: `M${points(line.y).join("L")}`,
        "stroke-dasharray": dashes[Math.floor(i / 2) % 4] });
    path.style.stroke = paint;
    picture.append(path);
    if (line.x.length < 40) {
        line.x.forEach((at, k) => {
            const dot = drawn("circle", { cx: x(at), cy: y(line.y[k]), r: 3.5 });
            dot.style.fill = paint;
            picture.append(dot);
        });
    }
}

function legend(data) {
    const keys = data.lines.map((line, i) => {
        const swatch = element("i", { class: "swatch" });
        swatch.style.borderTopColor = `var(--c${i % 8})`;
        swatch.style.borderTopStyle = dashes[Math.floor(i / 2) % 4] ? "dashed" : "solid";
        return element("span", { class: "key" }, swatch, line.name);
    });
    if (data.level) {
        const swatch = element("i", { class: "swatch" });
        swatch.style.borderTop = "2px dashed var(--faint)";
        const name = `${data.level.name} ${show(data.level.value, data.share)}`;
        keys.push(element("span", { class: "key" }, swatch, name));
    }
    return element("p", { class: "legend" }, ...keys);
}

/** Says the values of the step under the pointer. */
function follow(picture, readout, data, x, [x0, x1]) {
    const cursor = drawn("line", { class: "cursor", visibility: "hidden",
        y1: chart.top, y2: chart.height - chart.bottom });
    picture.append(cursor);
    picture.addEventListener("pointermove", event => {
        const box = picture.getBoundingClientRect();
        const across = (event.clientX - box.left) / box.width * chart.width;
        const share = (across - chart.left) / (chart.width - chart.left - chart.right);
        const wanted = x0 + Math.min(1, Math.max(0, share)) * (x1 - x0);
        const nearest = line => line.x.reduce((best, at, k) =>
            Math.abs(at - wanted) < Math.abs(line.x[best] - wanted) ? k : best, 0);
        const at = data.lines[0].x[nearest(data.lines[0])];
        cursor.setAttribute("visibility", "visible");
        cursor.setAttribute("x1", x(at));
        cursor.setAttribute("x2", x(at));
        readout.textContent = `${data.x} ${at.toLocaleString("en")}: `
            + data.lines.map(line => `${line.name} ${show(line.y[nearest(line)], data.share)}`).join(", ");
    });
    picture.addEventListener("pointerleave", () => {
        cursor.setAttribute("visibility", "hidden");
        readout.textContent = "";
    });
}
