// The cases: drawn when they come into view, sorted, filtered, and walked through by keys.

const groups = { best: "best", median: "in the middle", worst: "worst", differ: "runs differ", spread: "spread" };
const opacities = [0, 30, 60, 100];

const orders = {
    best: (a, b) => b.rank - a.rank,
    worst: (a, b) => a.rank - b.rank,
    index: (a, b) => a.index - b.index,
    phrase: (a, b) => a.phrase.localeCompare(b.phrase, "en"),
    area: (a, b) => a.area - b.area,
    score: (a, b) => mean(b.answers, x => x.score) - mean(a.answers, x => x.score),
};

function mean(list, of) {
    return list.reduce((sum, item) => sum + of(item), 0) / list.length;
}

function verdictOf(answer) {
    return answer.point === undefined ? "flat" : answer.hit ? "hit" : "miss";
}

/** Whether a case is asked for: a verdict is that of any run; "differ" is a hit of some and not of others. */
function matches(one, words, verdict, group) {
    const phrase = one.phrase.toLowerCase(), verdicts = one.answers.map(verdictOf);
    const differ = one.answers.some(answer => answer.hit !== one.answers[0].hit);
    return words.every(word => phrase.includes(word))
        && (verdict === "" || (verdict === "differ" ? differ : verdicts.includes(verdict)))
        && (group === "" || one.group === group);
}

/** Picture, map, region and pointed spot, one above the other; the map is drawn by the caller. */
function stage(page, one, answer, tallest, name) {
    const made = element("div", { class: "stage" });
    made.style.aspectRatio = `${one.width} / ${one.height}`;
    made.style.width = `min(100%, ${tallest} * ${one.width / one.height})`;
    const outline = drawn("svg", { viewBox: `0 0 ${one.width} ${one.height}`, preserveAspectRatio: "none",
        "aria-hidden": "true" });
    for (const path of one.regions)
        outline.append(drawn("path", { class: "casing", d: path }), drawn("path", { class: "edge", d: path }));
    made.append(
        element("img", { src: page.pictures[one.picture], alt: altText(one, answer, name), decoding: "async" }),
        answer.map ? element("canvas", { "aria-hidden": "true" }) : "", outline);
    if (answer.point) {
        const spot = element("span", { class: `spot ${verdictOf(answer)}`, "aria-hidden": "true" });
        // The middle of the pointed pixel.
        spot.style.left = `${100 * (answer.point[0] + 0.5) / one.width}%`;
        spot.style.top = `${100 * (answer.point[1] + 0.5) / one.height}%`;
        made.append(spot);
    }
    return made;
}

function altText(one, answer, name) {
    const where = answer.point
        ? `points at ${answer.point[0]}, ${answer.point[1]}: ${verdictOf(answer)}`
        : "points nowhere";
    return `Picture ${one.image} for the phrase “${one.phrase}”; ${name ? `${name} ` : "the map "}${where}`;
}

function verdictText(answer) {
    const verdict = verdictOf(answer);
    return element("span", { class: answer.hit ? "hit-text" : "miss-text" },
        verdict === "flat" ? "flat map, a miss" : verdict);
}

function panels(page, one, tallest) {
    const several = page.runs.length > 1;
    return element("div", { class: "panels" }, ...one.answers.map((answer, i) => element("div", { class: "panel" },
        element("div", { class: "frame" }, stage(page, one, answer, tallest, several ? page.runs[i].name : "")),
        several ? element("div", { class: "said" }, `${page.runs[i].name}: `, ...said(answer)) : null)));
}

function said(answer) {
    return [verdictText(answer), answer.inside === undefined ? "" : `, ${show(answer.inside, true)} of the map inside`];
}

function drawMaps(node, one) {
    const known = one.answers.filter(answer => answer.map);
    node.querySelectorAll("canvas").forEach((canvas, i) => drawMap(canvas, known[i], one.width, one.height));
}

function details(one) {
    const rows = [["question", one.index], ["picture", `${one.image}, ${one.width} × ${one.height} pixels`],
        ["region", `${show(one.area, true)} of the picture`], ["group", groups[one.group]], ["split", one.split],
        ["category", one.category], ["entity", one.entity],
        ["match score", one.answers.map(a => a.score.toFixed(3)).join(", ")]];
    const known = rows.filter(([, text]) => text !== undefined);
    return element("table", {}, element("tbody", {}, ...known.map(([name, text]) =>
        element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, String(text))))));
}

/** The list and what steers it. */
class CaseList {
    constructor(page) {
        this.page = page;
        this.shown = [];
        this.current = -1;
        this.seen = new IntersectionObserver(entries => entries.filter(e => e.isIntersecting).forEach(e => {
            this.seen.unobserve(e.target);
            drawMaps(e.target, e.target.shownCase);
        }), { rootMargin: "400px" });
        this.figures = new Map(page.cases.map(one => [one, this.figure(one)]));
        byId("list").classList.toggle("several", page.runs.length > 1);
        this.steer();
        this.update();
    }

    figure(one) {
        const several = this.page.runs.length > 1;
        const remarks = [groups[one.group], one.category].filter(Boolean).join(" · ");
        const caption = element("figcaption", {}, element("div", { class: "phrase" }, one.phrase),
            several ? null : element("div", { class: "said" }, ...said(one.answers[0])),
            element("div", { class: "said" }, remarks));
        const made = element("figure", { tabindex: "-1", class: several ? "several" : null },
            several ? caption : null, panels(this.page, one, "250px"), several ? null : caption);
        made.shownCase = one;
        made.addEventListener("click", () => {
            this.select(this.shown.indexOf(one));
            this.open();
        });
        this.seen.observe(made);
        return made;
    }

    steer() {
        for (const name of Object.keys(groups)) {
            if (this.page.cases.some(one => one.group === name))
                byId("group").append(element("option", { value: name }, groups[name]));
        }
        // Flat maps are rare, and runs differ only where there are several.
        for (const [verdict, wanted] of [["differ", this.page.runs.length > 1],
            ["flat", this.page.cases.some(one => one.answers.some(a => verdictOf(a) === "flat"))]])
            byId("verdict").querySelector(`[value=${verdict}]`).hidden = !wanted;
        for (const id of ["phrase", "verdict", "group", "sort"])
            byId(id).addEventListener("input", () => this.update());
        byId("opacity").addEventListener("input", () => this.setOpacity(Number(byId("opacity").value)));
        byId("regions").addEventListener("change", () => this.toggle("regions"));
        byId("spots").addEventListener("change", () => this.toggle("spots"));
        byId("reset").addEventListener("click", () => this.reset());
        byId("close").addEventListener("click", () => byId("viewer").close());
        byId("previous").addEventListener("click", () => this.move(-1));
        byId("next").addEventListener("click", () => this.move(1));
        byId("viewer").addEventListener("close", () => this.goBack());
        document.addEventListener("keydown", event => this.key(event));
        // What was never seen is printed too.
        addEventListener("beforeprint", () => this.figures.forEach((figure, one) => drawMaps(figure, one)));
        this.setOpacity(Number(byId("opacity").value));
    }

    update() {
        const words = byId("phrase").value.toLowerCase().split(/\s+/).filter(Boolean);
        const before = this.shown[this.current];
        this.shown = this.page.cases
            .filter(one => matches(one, words, byId("verdict").value, byId("group").value))
            .sort((a, b) => orders[byId("sort").value](a, b) || a.index - b.index);
        byId("list").replaceChildren(...this.shown.map(one => this.figures.get(one)));
        byId("count").textContent = `${this.shown.length} of ${this.page.cases.length} cases`;
        byId("nothing").hidden = this.shown.length > 0;
        this.mark(this.shown.indexOf(before));
    }

    reset() {
        for (const id of ["phrase", "verdict", "group"])
            byId(id).value = "";
        this.update();
    }

    /** Exactly one figure can be reached by the tab key: the current one, or the first. */
    mark(place) {
        this.current = place;
        this.shown.forEach((one, i) => {
            const figure = this.figures.get(one);
            figure.classList.toggle("current", i === place);
            figure.tabIndex = i === Math.max(0, place) ? 0 : -1;
        });
    }

    select(place) {
        if (this.shown.length === 0)
            return;
        this.mark(Math.min(this.shown.length - 1, Math.max(0, place)));
        const figure = this.figures.get(this.shown[this.current]);
        figure.focus({ preventScroll: true });
        figure.scrollIntoView({ block: "nearest" });
    }

    move(by) {
        const open = byId("viewer").open;
        this.select(this.current < 0 ? 0 : this.current + by);
        if (open)
            this.open();
    }

    open() {
        const one = this.shown[this.current];
        if (one === undefined)
            return;
        byId("viewer-title").textContent = one.phrase;
        byId("viewer-body").replaceChildren(panels(this.page, one, "58vh"),
            this.page.runs.length > 1 ? "" : element("p", {}, ...said(one.answers[0])), details(one));
        drawMaps(byId("viewer-body"), one);
        byId("previous").disabled = this.current === 0;
        byId("next").disabled = this.current === this.shown.length - 1;
        if (!byId("viewer").open)
            byId("viewer").showModal();
    }

    /** To the case that the viewer has come to; a browser says "close" late, when "/" may already have left the list. */
    goBack() {
        if (document.activeElement.matches("body, figure"))
            this.figures.get(this.shown[this.current])?.focus();
    }

    setOpacity(percent) {
        byId("opacity").value = percent;
        byId("opacity-text").value = `${percent} %`;
        document.documentElement.style.setProperty("--opacity", String(percent / 100));
    }

    toggle(what) {
        document.body.classList.toggle(`no-${what}`, !byId(what).checked);
    }

    key(event) {
        if (event.ctrlKey || event.altKey || event.metaKey)
            return;
        const typing = event.target.matches("input[type=search], select");
        if (typing) {
            if (event.key === "Escape")
                event.target.blur();
            return;
        }
        // Arrows keep their meaning on the slider, and Enter and space on buttons.
        const steers = event.target.matches("input, button, summary");
        const acts = {
            j: () => this.move(1), k: () => this.move(-1), o: () => this.cycle(), r: () => this.flip("regions"),
            "/": () => this.find(),
            ...(steers ? {} : {
                ArrowRight: () => this.move(1), ArrowLeft: () => this.move(-1), Enter: () => this.open(),
            }),
        };
        if (Object.hasOwn(acts, event.key)) {
            event.preventDefault();
            acts[event.key]();
        }
    }

    cycle() {
        const now = Number(byId("opacity").value);
        this.setOpacity(opacities.find(level => level > now) ?? opacities[0]);
    }

    flip(what) {
        byId(what).checked = !byId(what).checked;
        this.toggle(what);
    }

    find() {
        byId("viewer").close();
        byId("phrase").focus();
        byId("phrase").select();
    }
}

function showCases(page) {
    byId("cases").hidden = page.cases.length === 0;
    byId("chosen").textContent = page.chosen ?? "";
    return page.cases.length === 0 ? null : new CaseList(page);
}
